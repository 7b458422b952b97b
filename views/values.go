package views

import (
	"fmt"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Values shows how the weights and the gradients of a layer were distributed before updates, those of active weights apart
// from those of inactive ones: what the drop and the growth looked at. Of the updates that recorded it, it is the first, one
// in the middle and the last. Shares are logarithmic: few weights, far out, are those that matter.
//
// path names the layer's weight, "" the first layer.
func Values(r *Run, path string) (*Figure, error) {
	const none = "No histograms of weights and gradients are recorded."
	layer, err := r.layer(path)
	if err != nil {
		return nil, err
	}
	if layer == nil {
		return message("Weights and gradients", noMasks), nil
	}
	title := fmt.Sprintf("Weights and gradients of %s: small weights are dropped, large gradients call for growth", layer.Path)
	var updates []*trace.Update
	for _, u := range r.Applied() {
		if l := u.Layer(layer.Path); u.Step > 0 && (l.Weights != nil || l.Gradients != nil) {
			updates = append(updates, u)
		}
	}
	if len(updates) == 0 {
		return message(title, none), nil
	}
	if n := len(updates); n > 3 {
		updates = []*trace.Update{updates[0], updates[n/2], updates[n-1]}
	}
	const height, head = 230., 20.
	d := svg.New(720, head+2*height)
	var words []string
	for i, u := range updates {
		l, x := u.Layer(layer.Path), 240*float64(i)
		d.Text("head", x+62, 14, svg.Start, fmt.Sprintf("at step %d", u.Step))
		weights := drawHistograms(d, x, head, height, "weight", l.Weights)
		gradients := drawHistograms(d, x, head+height, height, "gradient", l.Gradients)
		words = append(words, fmt.Sprintf("before the update after step %d %s, %s", u.Step, weights, gradients))
	}
	return &Figure{Title: title, Topic: "Values", Layer: layer.Path, picture: d,
		Alt: fmt.Sprintf("Histograms of %s: %s.", layer.Path, strings.Join(words, "; "))}, nil
}

// drawHistograms draws the histograms of a quantity at x, y, and says in words what is in them.
func drawHistograms(d *svg.Document, x, y, height float64, name string, h *trace.Histograms) string {
	chart := svg.Chart{X: svg.Axis{Label: name},
		Y: svg.Axis{Label: "share per bin width", Percent: true, Logarithmic: true, Zero: true, High: one()}}
	if h == nil || len(h.Edges) < 2 {
		chart.Draw(d, x, y, 240, height)
		return "no " + name + "s are recorded"
	}
	edges := make([]float64, len(h.Edges))
	for i, edge := range h.Edges {
		edges[i] = float64(edge)
	}
	whose := "active weights"
	chart.Data = append(chart.Data, outline(edges, h.Active, "active", 0))
	if h.Inactive != nil {
		whose = "active and inactive weights"
		chart.Data = append(chart.Data, outline(edges, h.Inactive, "inactive", 1))
	}
	chart.Draw(d, x, y, 240, height)
	return fmt.Sprintf("the %ss of %s lie between %.3g and %.3g", name, whose, edges[0], last(edges))
}

// outline is the outline of a histogram, whose counts are one less than its edges. Bins at the ends may be wider than the
// others: to be comparable, a share is that of a piece of the bin as wide as the bin in the middle.
func outline(edges []float64, counts []int, name string, color int) svg.Data {
	sum := 0
	for _, count := range counts {
		sum += count
	}
	data := svg.Data{Name: name, Look: svg.Steps, Color: color, X: append([]float64{edges[0]}, edges...), Y: []float64{0}}
	middle := edges[len(counts)/2+1] - edges[len(counts)/2]
	for i, count := range counts {
		height := share(count, sum)
		if width := edges[i+1] - edges[i]; width > middle {
			height *= middle / width
		}
		data.Y = append(data.Y, height)
	}
	data.Y = append(data.Y, 0)
	return data
}
