package views

import (
	"fmt"
	"slices"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Visits shows in how many topologies each weight of a layer was active, N of the exploration term: as a map laid out as
// that of [Masks], and as a histogram. In a layer of more than 96 × 128 weights a cell shows the mean of a block.
//
// path names the layer's weight, "" the first layer.
func Visits(r *Run, path string) (*Figure, error) {
	layer, err := r.layer(path)
	if err != nil {
		return nil, err
	}
	if layer == nil {
		return message("How often each weight was active", noMasks), nil
	}
	visits := make([]int, layer.Size)
	err = r.eachMove(layer.Path, func(_ *trace.Update, _ *trace.Layer, moved trace.Transition) {
		for i, active := range moved.After {
			if active {
				visits[i]++
			}
		}
	})
	if err != nil {
		return nil, err
	}
	topologies := len(r.Applied())
	counts := make([]int, topologies+1)
	for _, n := range visits {
		counts[n]++
	}

	m := newMaskMap(layer, maxMapRows, maxMapColumns)
	means := m.means(func(i int) float64 { return float64(visits[i]) })
	unit := " topologies"
	if !m.whole() {
		unit = ", mean of " + m.block() + " weights"
	}
	colors := decadeHeat(slices.Max(means))
	f := colors.frames(m.down, m.across, "never active", unit)
	f.cells, f.short = [][]byte{colors.cells(means)}, []string{fmt.Sprintf("%d × %d weights", m.rows, m.columns)}
	legend := f.legendRow()
	d := svg.New(720, 300+legend.Height)
	f.draw(d, 16, 0, 330, 270, 0)
	d.Translate(16, 300, legend)

	chart := svg.Chart{X: svg.Axis{Label: "N, topologies in which a weight was active"},
		Y:    svg.Axis{Label: "share of weights", Percent: true, Logarithmic: true, Zero: true},
		Data: []svg.Data{histogram(counts, layer.Size)}}
	chart.Draw(d, 370, 0, 350, 300)
	return &Figure{
		Topic: "Visits", Layer: layer.Path,
		Title: fmt.Sprintf("How often each weight of %s was active: what was never tried is what exploration is after", layer.Path),
		Alt: fmt.Sprintf("Map and histogram of the visits of %s over %d topologies: "+
			"%.1f%% of %d weights were active in none, %.1f%% in one, %.1f%% in all.", layer.Path, topologies,
			percent(counts[0], layer.Size), layer.Size, percent(counts[1], layer.Size), percent(counts[topologies], layer.Size)),
		picture: d}, nil
}

// histogram is bars for the shares of counts by their index, several of them together if they are many.
func histogram(counts []int, size int) svg.Data {
	const mostBars = 60
	width := ceilDiv(len(counts), mostBars)
	data := svg.Data{Look: svg.Bars}
	for from := 0; from < len(counts); from += width {
		sum := 0
		for _, count := range counts[from:min(from+width, len(counts))] {
			sum += count
		}
		data.X = append(data.X, float64(from)+float64(width-1)/2)
		data.Y = append(data.Y, float64(sum)/float64(size))
	}
	return data
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }
