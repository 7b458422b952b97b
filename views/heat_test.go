package views

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Bounds rise, the last holds all numbers, each has a color of its own, and the legend names them.
func TestHeats(t *testing.T) {
	for name, test := range map[string]struct {
		heat heat
		most float64
		want []float64
	}{
		"densities":       {densityHeat, 1, densityHeat.bounds},
		"never":           {decadeHeat(0), 0, []float64{1}},
		"at a bound":      {decadeHeat(5), 5, []float64{1, 2, 5}},
		"beyond":          {decadeHeat(101), 101, []float64{1, 2, 5, 10, 20, 50, 100, 200}},
		"too many":        {decadeHeat(3000), 3000, []float64{5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000}},
		"nothing":         {evenHeat([][]float64{{0, 0}, {0}}), 0, []float64{1}},
		"few values":      {evenHeat([][]float64{{0, 3, 3}, {7, 3}}), 7, []float64{3, 7}},
		"of several maps": {evenHeat([][]float64{{1, 2, 3, 4}, {5, 6, 7, 800}}), 800, []float64{1, 2, 3, 4, 5, 6, 7, 800}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, test.heat.bounds)
			require.GreaterOrEqual(t, last(test.heat.bounds), test.most)
			require.LessOrEqual(t, len(test.heat.bounds), svg.Heats)
			f := test.heat.frames(1, 1, "none", " things")
			require.Len(t, f.legend, len(test.want)+1)
			require.Contains(t, last(f.legend), " things")
			colors := map[string]bool{}
			for _, color := range f.colors {
				colors[color] = true
			}
			require.Len(t, colors, len(test.want)+1)
		})
	}
}

// A few pixels with very many weights do not make all the others look alike.
func TestEvenHeatTellsApartWhatIsUsual(t *testing.T) {
	usual := []float64{20, 30, 40, 50, 60, 70, 80, 90}
	maps := [][]float64{{500, 510}}
	for range 20 {
		maps = append(maps, usual)
	}
	seen := map[byte]bool{}
	for _, cell := range evenHeat(maps).cells(usual) {
		seen[cell] = true
	}
	require.GreaterOrEqual(t, len(seen), 7)
}
