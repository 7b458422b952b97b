package views

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Outcome is a run, and what came of it that its record does not tell.
type Outcome struct {
	Run      *Run
	Accuracy float64 // Share of the test examples that the trained network gets right, NaN if it is not known.
	Examples int     // How many test examples there are, 0 if it is not known.
	Cost     float64 // As that of [Group].
}

// Outcomes is a table of what was trained and what came of it: how each run was made, as far as its creator wrote "method",
// "seed" and "steps" into its meta, and sparsity, c, loss, accuracy, exploration and cost at the end.
func Outcomes(outcomes ...Outcome) *Figure {
	const title = "What was trained, and what came of it"
	if len(outcomes) == 0 {
		return message(title, "There is no run.")
	}
	head := []string{"run", "method", "sparsity", "c", "seed", "step", "loss", "test accuracy", "explored", "FLOPs"}
	var rows [][]string
	var words []string
	examples := map[int]bool{}
	for _, o := range outcomes {
		row := o.row()
		rows = append(rows, row)
		words = append(words, fmt.Sprintf("%s at step %s: loss %s, test accuracy %s, explored %s",
			row[0], row[5], row[6], row[7], row[8]))
		examples[o.Examples] = true
	}
	note := "Loss: of the last training batch logged. Explored: share of the weights ever active. " +
		"FLOPs: of a training step, as a share of a dense one's."
	if n := outcomes[0].Examples; n > 0 && len(examples) == 1 {
		note += fmt.Sprintf(" One of %d test examples is %.2g points.", n, 100/float64(n))
	}
	return &Figure{Title: title, Topic: "Outcome", Alt: "Table. " + strings.Join(words, "; ") + ".",
		picture: drawTable(head, rows, note), widget: &widget{markup: tableMarkup(title, head, rows, note)}}
}

// row is the run's row of the table.
func (o Outcome) row() []string {
	const unknown = "–"
	var meta struct {
		Method string `json:"method"`
		Seed   *int64 `json:"seed"`
	}
	_ = o.Run.Meta(&meta) // What another creator wrote may be anything.
	number := func(x *float64, format func(x float64) string) string {
		if x == nil || !finite(*x) {
			return unknown
		}
		return format(*x)
	}
	share := func(x float64) string { return fmt.Sprintf("%.1f%%", 100*x) }
	sparsity := func(x float64) string { return fmt.Sprintf("%.4g%%", 100*x) }
	row := []string{o.Run.Name, unknown, number(o.Run.sparsity(), sparsity),
		number(o.Run.lastParam("c"), svg.Label), unknown, "0", unknown, unknown, unknown, unknown}
	if meta.Method != "" {
		row[1] = meta.Method
	}
	if meta.Seed != nil {
		row[4] = strconv.FormatInt(*meta.Seed, 10)
	}
	if n := len(o.Run.Steps); n > 0 {
		row[5] = strconv.Itoa(o.Run.Steps[n-1].Step)
		if planned := o.Run.Planned(); planned > o.Run.Steps[n-1].Step {
			row[5] += fmt.Sprintf(" of %d", planned)
		}
	}
	if _, losses := o.Run.scalar(trace.Loss); len(losses) > 0 {
		row[6] = fmt.Sprintf("%.3g", math.Abs(last(losses))) // A loss of 0 may have a sign.
	}
	if finite(o.Accuracy) {
		row[7] = share(o.Accuracy)
	}
	if _, tried := explored(o.Run, ""); len(tried) > 0 {
		row[8] = share(last(tried))
	}
	if o.Cost > 0 {
		row[9] = fmt.Sprintf("%.3f", o.Cost)
	}
	return row
}

// lastParam is a parameter of the growth rule at the last update, nil if the rule has none of that name.
func (r *Run) lastParam(name string) *float64 {
	var value *float64
	for _, u := range r.Applied() {
		if x, found := u.Params[name]; found {
			value = &x
		}
	}
	return value
}

// sparsity is the share of the weights that is inactive after the last update, nil if there are no masks.
func (r *Run) sparsity() *float64 {
	applied := r.Applied()
	if len(applied) == 0 {
		return nil
	}
	var all ledger
	for _, l := range last(applied).Layers {
		all.active, all.size = all.active+l.Active, all.size+l.Size
	}
	sparse := 1 - share(all.active, all.size)
	return &sparse
}
