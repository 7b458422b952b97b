package views

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// heat colors numbers of 0 or more: 0 as empty, the others by the first bound that they do not exceed. What is above all
// bounds gets the last color.
type heat struct {
	bounds []float64              // They rise, and are no more than the colors of a heat map.
	label  func(x float64) string // Formats a bound.
}

// densityHeat is for shares of active weights. It is the same for all layers, rounds and runs, so that maps can be compared,
// and finer where sparse layers are.
var densityHeat = heat{[]float64{.01, .02, .05, .1, .2, .4, .7, 1}, func(x float64) string { return svg.Label(100*x) + "%" }}

// decadeHeat has the bounds 1, 2, 5, 10, 20 and so on, up to the first that is not below most; of too many the largest.
func decadeHeat(most float64) heat {
	h := heat{label: svg.Label}
	for power := 1.; len(h.bounds) == 0 || h.bounds[len(h.bounds)-1] < most; power *= 10 {
		for _, factor := range []float64{1, 2, 5} {
			if n := len(h.bounds); n == 0 || h.bounds[n-1] < most {
				h.bounds = append(h.bounds, factor*power)
			}
		}
	}
	h.bounds = h.bounds[max(0, len(h.bounds)-svg.Heats):]
	return h
}

// evenHeat has bounds between which lie about as many of the numbers that are above 0, so that few large ones do not make
// the others look alike.
func evenHeat(maps [][]float64) heat {
	var numbers []float64
	for _, cells := range maps {
		for _, x := range cells {
			if x > 0 && finite(x) {
				numbers = append(numbers, x)
			}
		}
	}
	h := heat{label: svg.Label}
	if len(numbers) == 0 {
		h.bounds = []float64{1}
		return h
	}
	slices.Sort(numbers)
	const colors = 8
	for i := 1; i <= colors; i++ {
		h.bounds = append(h.bounds, numbers[ceilDiv(i*len(numbers), colors)-1])
	}
	h.bounds = slices.Compact(h.bounds)
	return h
}

// frames returns frames without cells. none is what the legend calls 0, unit what it says behind the last bound.
func (h heat) frames(rows, columns int, none, unit string) *frames {
	f := &frames{rows: rows, columns: columns, classes: []string{""}, colors: []string{"--empty"}, legend: []string{none}}
	for i, bound := range h.bounds {
		class := fmt.Sprintf("h%d", h.color(i))
		f.classes, f.colors = append(f.classes, class), append(f.colors, "--"+class)
		f.legend = append(f.legend, "≤ "+h.label(bound))
	}
	f.legend[len(h.bounds)] += unit
	return f
}

// color spreads the bounds over the colors of heat maps.
func (h heat) color(i int) int {
	if len(h.bounds) == 1 {
		return svg.Heats - 1
	}
	return int(math.Round(float64(i) * (svg.Heats - 1) / float64(len(h.bounds)-1)))
}

// cells returns the values of a frame of heat.frames.
func (h heat) cells(numbers []float64) []byte {
	cells := make([]byte, len(numbers))
	for i, x := range numbers {
		if x > 0 {
			at, _ := slices.BinarySearch(h.bounds, x)
			cells[i] = byte(1 + min(at, len(h.bounds)-1))
		}
	}
	return cells
}
