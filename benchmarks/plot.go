package main

import (
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
	"github.com/sparsekernel/sparsekernel/views"
)

// drawTo draws the plot of a report into a file.
func drawTo(path string, r *Report) error {
	return os.WriteFile(path, []byte(plot(r).SVG()+"\n"), 0o644)
}

// plot draws the masked training steps of a report: per work a bar for each peer, relative to the fastest other library than
// sparsekernel.
func plot(r *Report) *views.Figure {
	note := fmt.Sprintf("further left is faster; %s, %d threads, %g%% of the weights active", r.Machine, r.Threads, 100*r.Density)
	return views.Ratios("A masked training step, relative to the fastest other library", note, plotGroups(r)...)
}

// plotGroups are the works that another library was measured at.
func plotGroups(r *Report) (groups []views.RatioGroup) {
	for _, w := range work.All {
		var results []Result
		fastest := math.Inf(1)
		for _, peer := range peers {
			if result, ok := r.find(w.Name, peer.name); ok {
				results = append(results, result)
				if !peer.ours {
					fastest = min(fastest, result.Masked.Step.Median())
				}
			}
		}
		if math.IsInf(fastest, 1) {
			continue
		}
		g := views.RatioGroup{Name: fmt.Sprintf("%s, batch %d", w.Title, w.Batch)}
		for _, result := range results {
			step := result.Masked.Step
			first, third := step.Quartiles()
			g.Bars = append(g.Bars, views.RatioBar{
				Name:  titleOf(result.Peer),
				Ratio: step.Median() / fastest, First: first / fastest, Third: third / fastest,
				Text:  significant(1e3*step.Median()) + " ms",
				Hint:  fmt.Sprintf("%s ms; dense %s ms", milliseconds(step), milliseconds(result.Dense.Step)),
				Color: slices.IndexFunc(peers, func(p peer) bool { return p.name == result.Peer }),
			})
		}
		groups = append(groups, g)
	}
	return groups
}
