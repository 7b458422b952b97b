package views

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

// Cells stand for blocks of weights that differ by one row and one column at most, and their means for all weights.
func TestMeans(t *testing.T) {
	for _, shape := range [][]int{{1, 1}, {5, 7}, {64, 512}, {97, 129}, {3, 3, 8, 100}} {
		size := 1
		for _, dim := range shape {
			size *= dim
		}
		m := newMaskMap(&trace.Layer{Shape: shape, Size: size}, 10, 20)
		require.LessOrEqual(t, m.down, 10)
		require.LessOrEqual(t, m.across, 20)
		for _, mean := range m.means(func(int) float64 { return 1 }) {
			require.Equal(t, 1., mean)
		}
		counted := 0
		m.means(func(i int) float64 { counted += i; return 0 })
		require.Equal(t, size*(size-1)/2, counted, "each weight once")
	}
}

// A layer of few weights, such as that of a convolution, has a cell for each, however they are arranged.
func TestMaskMapOfFewWeights(t *testing.T) {
	require.True(t, newMaskMap(&trace.Layer{Shape: []int{5, 5, 6, 16}, Size: 2400}, maxStillRows, maxStillColumns).whole())
	require.False(t, newMaskMap(&trace.Layer{Shape: []int{2400, 1}, Size: 2400}, maxStillRows, maxStillColumns).whole())
	require.False(t, newMaskMap(&trace.Layer{Shape: []int{64, 512}, Size: 32768}, maxStillRows, maxStillColumns).whole())
}

// A cell that stands for several weights is empty only if none of them is active.
func TestHeatCells(t *testing.T) {
	require.Equal(t, []byte{0, 1, 1, 2, 7, 8, 8}, densityHeat.cells([]float64{0, 1e-9, .01, .011, .45, .95, 1}))
	m := newMaskMap(&trace.Layer{Shape: []int{4, 4}, Size: 16}, 2, 2)
	fates := make([]trace.Fate, 16)
	fates[0], fates[3], fates[12] = trace.Kept, trace.Grown, trace.Dropped
	require.Equal(t, []byte{6, 6, 0, 0}, m.cells(fates), "a quarter, a quarter, none, none")
}
