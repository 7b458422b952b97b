package views

import (
	"fmt"
	"strconv"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// noSamples is what figures say of a run without scores.
const noSamples = "No scores of candidates are recorded."

// Acquisition shows what an update chose in a layer, one where gradient and visits both had a say, if there is any: for a
// sample of the candidates the size of the gradient (exploitation) against the rest of the growth score (exploration), which
// of them were grown, and the cut line, on which the score is the lowest that was. On it an inch of gradient is worth an inch
// of exploration.
//
// The interactive form has a slider for the update, and one for c that turns the line, and with it the choice, to what DST-EE
// would have grown: that line is an estimate, since the sample is half of those grown, half of the others, and weighted to
// make up for it.
//
// Where the active weights form a pattern (the run's meta says "structure"), groups are chosen, by all their scores, and what the
// slider chooses is what would be grown without the pattern. The title says so.
//
// path names the layer's weight, "" the first layer.
func Acquisition(r *Run, path string) (*Figure, error) {
	layer, err := r.layer(path)
	if err != nil {
		return nil, err
	}
	if layer == nil {
		return message("What growth chooses", noMasks), nil
	}
	title := fmt.Sprintf("What growth chooses in %s: beyond the cut, by gradient or by having been active seldom", layer.Path)
	if pattern := r.structure(); pattern != "" {
		title = fmt.Sprintf("What growth chooses in %s: groups of weights (%s), so that single ones lie on both sides of the cut",
			layer.Path, pattern)
	}
	updates, samples, best := r.sampled(layer.Path)
	if len(samples) == 0 {
		return message(title, noSamples), nil
	}
	var rounds []acquisitionRound
	for i, u := range updates {
		rounds = append(rounds, newAcquisitionRound(u, u.Layer(layer.Path), samples[i]))
	}
	w, err := newWidget("acquisition", map[string]any{"layer": layer.Path, "start": best, "rounds": rounds})
	if err != nil {
		return nil, err
	}
	of, update := samples[best], updates[best]
	layer = update.Layer(layer.Path)
	d := svg.New(720, 400)
	of.draw(d, 0, 0, 720, 400, layer)
	return &Figure{Title: title, Topic: "Choice", Layer: layer.Path, picture: d, widget: w,
		Alt: fmt.Sprintf("Scatter plot of %d of the %d candidates of %s at the update after step %d, by gradient and by "+
			"exploration bonus. %d candidates are grown, those beyond a falling line; of them an estimated %.0f%% were never active before.",
			len(of.weight), layer.Candidates(), layer.Path, update.Step, layer.Grown, 100*of.neverActive(of.recorded()))}, nil
}

// draw draws the scatter plot of the score's parts, with the cut line.
func (s *sample) draw(d *svg.Document, x, y, width, height float64, l *trace.Layer) {
	left := svg.Data{Name: "not grown", Color: 6, Look: svg.Dots}
	grown := svg.Data{Name: "grown", Color: 0, Look: svg.Dots, Radius: 3.5}
	right, top := 0., 0.
	for i, was := range s.grown {
		to, explore := &left, s.score[i]-s.gradient[i]
		if was {
			to = &grown
		}
		to.X, to.Y = append(to.X, s.gradient[i]), append(to.Y, explore)
		if finite(s.gradient[i]) && finite(explore) {
			right, top = max(right, s.gradient[i]), max(top, explore)
		}
	}
	right, top = 1.04*max(right, 1e-12), 1.1*max(top, right/20)
	chart := svg.Chart{X: svg.Axis{Label: "exploitation |g|", Low: new(float64), High: &right},
		Y: svg.Axis{Label: "exploration: score − |g|", Low: new(float64), High: &top}, Data: []svg.Data{left, grown}}
	xs, ys := chart.Draw(d, x, y, width, height)
	if l.Threshold == nil {
		return
	}
	cut := float64(*l.Threshold)
	x1, y1 := max(0, cut-top), min(top, cut)
	x2, y2 := min(right, cut), max(0, cut-right)
	if x1 <= right && x2 >= x1 {
		d.Line("rule", xs.At(x1), ys.At(y1), xs.At(x2), ys.At(y2))
	}
}

// acquisitionRound is what the interactive form needs of an update, in short names since there are many.
type acquisitionRound struct {
	Step       int       `json:"step"`
	Round      int       `json:"round"`
	C          float64   `json:"c"`
	Epsilon    float64   `json:"epsilon"`
	Grown      int       `json:"grown"`
	Candidates int       `json:"candidates"`
	Gradient   []float64 `json:"g"`
	Visits     []int32   `json:"n"`
	Chosen     []int     `json:"chosen"` // 1 for those that were grown.
}

func newAcquisitionRound(u *trace.Update, l *trace.Layer, s *sample) acquisitionRound {
	round := acquisitionRound{Step: u.Step, Round: u.Round, C: u.Params["c"], Epsilon: 1,
		Grown: l.Grown, Candidates: l.Candidates(), Visits: s.visits}
	if epsilon, found := u.Params["epsilon"]; found && finite(epsilon) {
		round.Epsilon = epsilon
	}
	if !finite(round.C) {
		round.C = 0
	}
	for i, g := range s.gradient {
		if !finite(g) {
			g = 0 // JSON has no other numbers.
		}
		round.Gradient = append(round.Gradient, rounded(g, 4))
		chosen := 0
		if s.grown[i] {
			chosen = 1
		}
		round.Chosen = append(round.Chosen, chosen)
	}
	return round
}

// rounded keeps so many digits.
func rounded(x float64, digits int) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64)
	if err != nil {
		return x
	}
	return short
}
