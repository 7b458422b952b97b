package views

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

// recordMasks writes a trace of one layer with the given masks, "#" for active.
func recordMasks(t testing.TB, masks ...string) *Run {
	dir := t.TempDir()
	w, err := trace.Create(dir, nil)
	require.NoError(t, err)
	visits := make([]int32, len(masks[0]))
	var before []bool
	for round, text := range masks {
		mask := make([]bool, len(text))
		for i := range text {
			mask[i] = text[i] == '#'
		}
		move := trace.Move{Path: "/w", Shape: []int{1, len(text)}, Mask: mask, Visits: append([]int32(nil), visits...)}
		if before != nil {
			move.Kept = make([]bool, len(mask))
			for i := range mask {
				move.Kept[i] = before[i] && mask[i]
			}
		}
		require.NoError(t, w.Update(trace.Update{Step: 10 * round, Round: round}, move))
		for i, active := range mask {
			if active {
				visits[i]++
			}
		}
		before = mask
	}
	require.NoError(t, w.Close())
	r, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// By hand: weight 2 is grown by update 1 and dropped by 2; 3 is grown by 2, and still active at the end, an update later; 4 is
// grown by the last. Weights 0 and 1 began active, so that nothing is known of their age.
func TestSurvivalByHand(t *testing.T) {
	l, err := livesOf(recordMasks(t, "##...", "#.#..", "#..#.", "...##"))
	require.NoError(t, err)
	require.Equal(t, 3, l.grown)
	require.Equal(t, []float64{10, 20, 30}, l.steps)
	require.Equal(t, []float64{.5, .5, .5}, l.churn)
	require.Equal(t, []float64{1, 0}, l.regret)
	ages, shares := l.survival()
	require.Equal(t, []float64{0, 1}, ages)
	require.InDeltaSlice(t, []float64{1, .5}, shares, 1e-12, "of the two seen at age 1, one was dropped")
}

// Without an update that follows nothing is known of those that grew.
func TestSurvivalOfNothing(t *testing.T) {
	for _, masks := range [][]string{{"#.", "#."}, {"#.", ".#"}} {
		f, err := Survival(recordMasks(t, masks...))
		require.NoError(t, err)
		require.True(t, f.Empty())
	}
}
