package views

import (
	"fmt"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Live shows how a run stands, in one picture that is made in a few milliseconds, to be drawn anew while it trains: loss and
// accuracy, the share of weights ever active, a layer's mask after the last update, and what that update chose there. See
// [Watch].
//
// path names the layer's weight, "" the first layer.
func Live(r *Run, path string) (*Figure, error) {
	const mostPoints = 120
	d := svg.New(720, 522)
	standing := strings.Join(r.standing(), " · ")
	d.Text("head", 16, 16, svg.Start, r.Name)
	d.Text("", 16, 34, svg.Start, standing)
	updates := r.updateSteps()
	small := func(x float64, label string, share bool, look svg.Look, steps, values []float64) {
		axis := svg.Axis{Label: label, Percent: share}
		if share {
			axis.Low = new(float64)
		}
		steps, values = binned(steps, values, mostPoints)
		chart := svg.Chart{X: svg.Axis{Label: "optimizer step"}, Y: axis, Ticks: updates,
			Data: []svg.Data{{X: steps, Y: values, Look: look}}}
		logarithmicIfWide(&chart)
		chart.Draw(d, x, 40, 240, 172)
	}
	steps, loss := r.scalar(trace.Loss)
	small(0, "loss, training", false, svg.Lines, steps, loss)
	steps, accuracy := r.scalar(trace.Accuracy)
	small(240, "accuracy, training", true, svg.Lines, steps, accuracy)
	steps, tried := explored(r, "")
	small(480, "ever active", true, svg.Steps, steps, tried)
	if err := r.drawLastUpdate(d, path); err != nil {
		return nil, err
	}
	return &Figure{Title: "How " + r.Name + " stands", Topic: "Live", Alt: r.Name + " · " + standing + ".", picture: d}, nil
}

// drawLastUpdate draws the lower half of [Live].
func (r *Run) drawLastUpdate(d *svg.Document, path string) error {
	const top, height = 218., 240.
	layer, err := r.layer(path)
	if err != nil || layer == nil {
		return err
	}
	moved, err := r.lastMove(layer.Path)
	if err != nil {
		return err
	}
	applied := r.Applied()
	update := last(applied)
	l := update.Layer(layer.Path)
	m := newMaskMap(layer, maxStillRows, maxStillColumns)
	f := m.frames()
	f.cells, f.short = [][]byte{m.cells(moved.Fates())}, []string{layer.Path + ", " + maskCaption(update, l)}
	f.draw(d, 16, top, 320, height, 0)
	d.Translate(16, top+height+mapHead+4, f.legendRow())
	if s := newSample(update, l); s != nil {
		s.draw(d, 380, top+mapHead, 340, height, l)
	}
	return nil
}

// standing says in a few words how the run stands, but for its name.
func (r *Run) standing() (parts []string) {
	if len(r.Steps) == 0 {
		return append(parts, "no step logged yet")
	}
	s := last(r.Steps)
	step := fmt.Sprintf("step %d", s.Step)
	if planned := r.Planned(); planned > 0 {
		step += fmt.Sprintf(" of %d", planned)
	}
	parts = append(parts, step)
	if loss, found := s.Scalars[trace.Loss]; found {
		parts = append(parts, fmt.Sprintf("training loss %.4g", loss))
	}
	if accuracy, found := s.Scalars[trace.Accuracy]; found {
		parts = append(parts, fmt.Sprintf("training accuracy %.1f%%", 100*accuracy))
	}
	if _, tried := explored(r, ""); len(tried) > 0 {
		parts = append(parts, fmt.Sprintf("%.1f%% explored", 100*last(tried)), fmt.Sprintf("%d updates", len(r.updateSteps())))
	}
	return parts
}
