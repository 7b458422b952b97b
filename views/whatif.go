package views

import (
	"fmt"
	"math"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// WhatIfPoint tells what DST-EE would have grown at a mask update with one value of its coefficient c.
type WhatIfPoint struct {
	C            float64 // 0 or more.
	RigL         float64 // The overlap (Jaccard index) with what RigL grows, by gradients alone: that of c 0.
	LeastVisited float64 // The share of those grown that visits alone could choose, as c goes to infinity.
	NeverActive  float64 // The share of those grown that were active in no topology before.
}

// WhatIf shows how the choice of an update changes from exploitation to exploration as c goes from 0 to large. what names the
// update. Points rise by c.
func WhatIf(what string, points []WhatIfPoint) *Figure {
	title := fmt.Sprintf("What if c were another: from RigL's choice to that of the least visited, %s", what)
	if len(points) == 0 {
		return message(title, "There is no value of c to show.")
	}
	var cs, rigl, least, never []float64
	for _, p := range points {
		cs, rigl, least, never = append(cs, p.C), append(rigl, p.RigL), append(least, p.LeastVisited), append(never, p.NeverActive)
	}
	chart := svg.Chart{
		X: svg.Axis{Label: "c, the coefficient of exploration", Logarithmic: true, Zero: true},
		Y: svg.Axis{Label: "of the weights grown", Percent: true, Low: new(float64), High: one()},
		Data: []svg.Data{
			{Name: "overlap with RigL's (Jaccard)", X: cs, Y: rigl, Color: 1},
			{Name: "among the least visited", X: cs, Y: least, Color: 0},
			{Name: "never active before", X: cs, Y: never, Color: 2},
		},
	}
	d := svg.New(720, 340)
	chart.Draw(d, 0, 0, 720, 340)
	turn := "it does not fall below a half"
	for _, p := range points {
		if p.RigL < .5 {
			turn = fmt.Sprintf("it falls below a half at c = %.2g", p.C)
			break
		}
	}
	return &Figure{Title: title, Topic: "What if c were another", picture: d,
		Alt: fmt.Sprintf("Line chart over c. The overlap with RigL's choice goes from %.0f%% to %.0f%%; %s. The share among the "+
			"least visited goes from %.0f%% to %.0f%%, that never active before from %.0f%% to %.0f%%.", 100*rigl[0], 100*last(rigl), turn,
			100*least[0], 100*last(least), 100*never[0], 100*last(never))}
}

// WhatIfSample is [WhatIf] as a trace alone tells it: an estimate from the sample of candidates of the update that
// [Acquisition] shows.
//
// path names the layer's weight, "" the first layer.
func WhatIfSample(r *Run, path string) (*Figure, error) {
	layer, err := r.layer(path)
	if err != nil {
		return nil, err
	}
	if layer == nil {
		return message("What if c were another", noMasks), nil
	}
	updates, samples, best := r.sampled(layer.Path)
	if len(samples) == 0 {
		return message("What if c were another", noSamples), nil
	}
	update, of := updates[best], samples[best]
	what := fmt.Sprintf("update %d of %s, estimated from %d candidates", update.Round, layer.Path, len(of.weight))
	if pattern := r.structure(); pattern != "" {
		what += fmt.Sprintf(" as if one by one, without the pattern %s", pattern)
	}
	f := WhatIf(what, of.curve())
	f.Layer = layer.Path
	return f, nil
}

// curve estimates choices for values of c from 0 to where visits decide.
func (s *sample) curve() []WhatIfPoint {
	cs := []float64{0}
	for half := -16; half <= 4; half++ {
		cs = append(cs, math.Pow(10, float64(half)/2))
	}
	var points []WhatIfPoint
	rigl := s.choose(0)
	for _, c := range cs {
		chosen := s.choose(c)
		points = append(points, WhatIfPoint{C: c, RigL: s.overlap(rigl, chosen),
			LeastVisited: s.leastVisited(chosen), NeverActive: s.neverActive(chosen)})
	}
	return points
}
