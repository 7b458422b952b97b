package views

import (
	"fmt"
	"strings"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Exploration shows how the share of weights that were ever active grows, in total, one line for each run: R in DST-EE, the
// in-time over-parameterization rate of ITOP (Liu et al., ICML 2021). Of a single run it shows each layer as well.
func Exploration(runs ...*Run) *Figure {
	const title = "Share of weights tried so far: what exploration reaches"
	var data []svg.Data
	var words []string
	if len(runs) == 1 {
		for _, path := range runs[0].Layers() {
			steps, shares := explored(runs[0], path)
			data = append(data, svg.Data{Name: path, X: steps, Y: shares, Look: svg.Steps, Color: len(data) % svg.Series})
		}
	}
	for _, r := range runs {
		steps, shares := explored(r, "")
		if len(steps) == 0 {
			continue
		}
		name := r.Name
		if len(runs) == 1 {
			name = "all layers"
		}
		data = append(data, svg.Data{Name: name, X: steps, Y: shares, Look: svg.Steps, Color: len(data) % svg.Series})
		words = append(words, fmt.Sprintf("%s from %.1f%% to %.1f%%", name, 100*shares[0], 100*shares[len(shares)-1]))
	}
	if len(words) == 0 {
		return message(title, noMasks)
	}
	zero := 0.
	chart := svg.Chart{
		X:    svg.Axis{Label: "optimizer step", Low: &zero},
		Y:    svg.Axis{Label: "ever active, of all weights", Percent: true, Low: &zero},
		Data: data,
	}
	d := svg.New(720, 340)
	chart.Draw(d, 0, 0, 720, 340)
	return &Figure{Title: title, Topic: "Exploration", picture: d,
		Alt: "Line chart of the exploration rate over steps: " + strings.Join(words, "; ") + "."}
}

// explored returns the exploration rate after each update of a layer, or of all for path "".
func explored(r *Run, path string) (steps, shares []float64) {
	for _, u := range r.Applied() {
		tried, size := 0, 0
		for _, l := range u.Layers {
			if path == "" || l.Path == path {
				tried, size = tried+l.Explored, size+l.Size
			}
		}
		if size > 0 {
			steps, shares = append(steps, float64(u.Step)), append(shares, float64(tried)/float64(size))
		}
	}
	return steps, shares
}
