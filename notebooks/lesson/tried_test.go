package lesson

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views"
)

// Of four rows of two weights, the first has both tried, one of them later; the second none, the third one, the fourth one.
func TestTriedByRows(t *testing.T) {
	dir := t.TempDir()
	w, err := trace.Create(dir, nil)
	require.NoError(t, err)
	before := []bool{true, false, false, false, true, false, false, false}
	after := []bool{false, true, false, false, false, false, true, false}
	move := trace.Move{Path: "/w", Shape: []int{4, 2}, Mask: before, Visits: make([]int32, 8)}
	require.NoError(t, w.Update(trace.Update{}, move))
	move.Mask, move.Kept = after, make([]bool, 8)
	move.Visits = []int32{1, 0, 0, 0, 1, 0, 0, 0}
	require.NoError(t, w.Update(trace.Update{Step: 10, Round: 1}, move))
	require.NoError(t, w.Close())
	r, err := views.Open(dir)
	require.NoError(t, err)
	defer r.Close()

	for parts, want := range map[int][]float64{1: {.5}, 2: {.5, .5}, 4: {1, 0, .5, .5}} {
		shares, err := TriedByRows(r, "/w", parts)
		require.NoError(t, err)
		require.Equal(t, want, shares)
	}
	for _, parts := range []int{0, 5} {
		_, err := TriedByRows(r, "/w", parts)
		require.ErrorContains(t, err, "the 4 rows of /w cannot be parted into")
	}
	_, err = TriedByRows(r, "/other", 1)
	require.ErrorContains(t, err, "/other")
}
