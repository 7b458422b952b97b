package views

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Fans shows through the rounds how many active weights of a layer reach its outputs (fan-in) and leave its inputs
// (fan-out): the median with bands from the least to the most and over the middle half, and the outputs and inputs without
// any, which are dead.
//
// path names the layer's weight, "" the first layer.
func Fans(r *Run, path string) (*Figure, error) {
	layer, err := r.layer(path)
	if err != nil {
		return nil, err
	}
	if layer == nil {
		return message("Fan-in, fan-out and dead units", noMasks), nil
	}
	var steps []float64
	var in, out fanSeries
	var wrong error
	err = r.eachMove(layer.Path, func(u *trace.Update, _ *trace.Layer, moved trace.Transition) {
		fanIn, fanOut, err := trace.Fans(moved.After, moved.Shape)
		if err != nil {
			wrong = fmt.Errorf("views: run %q, layer %q: %w", r.Name, layer.Path, err)
			return
		}
		steps = append(steps, float64(u.Step))
		in.add(fanIn)
		out.add(fanOut)
	})
	if err = cmp.Or(err, wrong); err != nil {
		return nil, err
	}
	d := svg.New(720, 300)
	fanPanel := func(x float64, label string, fans fanSeries, color int) {
		chart := svg.Chart{X: svg.Axis{Label: "optimizer step"}, Y: svg.Axis{Label: label, Low: new(float64)}, Data: []svg.Data{
			{X: steps, Y: fans.median, Lower: fans.least, Upper: fans.most, Color: color},
			{Name: "median, middle half, least to most", X: steps, Y: fans.median, Lower: fans.lower, Upper: fans.upper, Color: color},
		}}
		chart.Draw(d, x, 0, 240, 300)
	}
	fanPanel(0, "active weights into an output", in, 0)
	fanPanel(240, "active weights out of an input", out, 2)
	dead := svg.Chart{X: svg.Axis{Label: "optimizer step"},
		Y: svg.Axis{Label: "without any active weight", Percent: true, Low: new(float64)},
		Data: []svg.Data{
			{Name: "outputs", X: steps, Y: in.dead, Look: svg.Steps, Color: 0},
			{Name: "inputs", X: steps, Y: out.dead, Look: svg.Steps, Color: 2},
		}}
	dead.Draw(d, 480, 0, 240, 300)
	return &Figure{
		Topic: "Fan-in and fan-out", Layer: layer.Path,
		Title: fmt.Sprintf("Fan-in, fan-out and dead units of %s: do weights gather at few units?", layer.Path),
		Alt: fmt.Sprintf("Three charts over steps for %s. Weights into an output: %s. Weights out of an input: %s. "+
			"Without any at the end: %.1f%% of outputs, %.1f%% of inputs.",
			layer.Path, in.words(), out.words(), 100*last(in.dead), 100*last(out.dead)),
		picture: d}, nil
}

// fanSeries follows the fans of a layer's units.
type fanSeries struct{ least, lower, median, upper, most, dead []float64 }

// add takes in the fans at an update. It sorts them.
func (f *fanSeries) add(fans []int) {
	slices.Sort(fans)
	at := func(share float64) float64 { return float64(fans[int(share*float64(len(fans)-1)+.5)]) }
	f.least, f.lower, f.median = append(f.least, at(0)), append(f.lower, at(.25)), append(f.median, at(.5))
	f.upper, f.most = append(f.upper, at(.75)), append(f.most, at(1))
	dead, _ := slices.BinarySearch(fans, 1)
	f.dead = append(f.dead, float64(dead)/float64(len(fans)))
}

func (f *fanSeries) words() string {
	return fmt.Sprintf("from %.0f to %.0f with median %.0f at first, from %.0f to %.0f with median %.0f at the end",
		f.least[0], f.most[0], f.median[0], last(f.least), last(f.most), last(f.median))
}

func last[T any](list []T) T { return list[len(list)-1] }
