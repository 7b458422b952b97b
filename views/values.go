package views

import (
	"fmt"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Values shows how the weights and the gradients of a layer were distributed before the last update that recorded them,
// those of active weights apart from those of inactive ones: what the drop and the growth looked at.
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
	var update *trace.Update
	for _, u := range r.Applied() {
		if l := u.Layer(layer.Path); u.Step > 0 && (l.Weights != nil || l.Gradients != nil) {
			update, layer = u, l
		}
	}
	if update == nil {
		return message(title, none), nil
	}
	d := svg.New(720, 300)
	words := []string{drawHistograms(d, 0, "weight", layer.Weights), drawHistograms(d, 360, "gradient", layer.Gradients)}
	return &Figure{Title: title, Topic: "Values of " + layer.Path, picture: d,
		Alt: fmt.Sprintf("Histograms of %s before the update after step %d. %s.", layer.Path, update.Step, strings.Join(words, ". "))}, nil
}

// drawHistograms draws the histograms of a quantity at x, and says in words what is in them.
func drawHistograms(d *svg.Document, x float64, name string, h *trace.Histograms) string {
	chart := svg.Chart{X: svg.Axis{Label: name}, Y: svg.Axis{Label: "share of weights in bin", Percent: true, Low: new(float64)}}
	if h == nil || len(h.Edges) < 2 {
		chart.Draw(d, x, 0, 360, 300)
		return "Of the " + name + "s nothing is recorded"
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
	chart.Draw(d, x, 0, 360, 300)
	return fmt.Sprintf("The %ss of %s lie between %.3g and %.3g", name, whose, edges[0], last(edges))
}

// outline is the outline of a histogram, whose counts are one less than its edges.
func outline(edges []float64, counts []int, name string, color int) svg.Data {
	sum := 0
	for _, count := range counts {
		sum += count
	}
	data := svg.Data{Name: name, Look: svg.Steps, Color: color, X: append([]float64{edges[0]}, edges...), Y: []float64{0}}
	for _, count := range counts {
		data.Y = append(data.Y, share(count, sum))
	}
	data.Y = append(data.Y, 0)
	return data
}
