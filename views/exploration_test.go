package views

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

// The line of a run whose masks no longer move, or never do, goes on to its last step.
func TestExplorationOfStaticMasks(t *testing.T) {
	dir := t.TempDir()
	w, err := trace.Create(dir, nil)
	require.NoError(t, err)
	require.NoError(t, w.Update(trace.Update{}, trace.Move{Path: "/w", Shape: []int{1, 4}, Mask: []bool{true, false, false, false}}))
	for _, step := range []int{10, 20} {
		require.NoError(t, w.Step(trace.Step{Step: step, Scalars: trace.Scalars{trace.Loss: 1}}))
	}
	require.NoError(t, w.Close())
	r, err := Open(dir)
	require.NoError(t, err)
	defer r.Close()
	steps, shares := explored(r, "")
	require.Equal(t, []float64{0, 20}, steps)
	require.Equal(t, []float64{0.25, 0.25}, shares)
}
