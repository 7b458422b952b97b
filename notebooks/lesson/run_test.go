package lesson_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/notebooks/lesson"
	"github.com/sparsekernel/sparsekernel/run"
)

// What grew, counted from the record, is what the masks say; and a run that is finished is not trained again.
func TestRunAndGrowth(t *testing.T) {
	spec := run.Default()
	spec.Width, spec.Steps, spec.DeltaT, spec.Sparsity = 1./4, 60, 5, 0.9
	dir := filepath.Join(t.TempDir(), "run")
	r, summary, err := lesson.Run(dir, "short", spec)
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, "short", r.Name)
	require.Equal(t, 60, r.Steps[len(r.Steps)-1].Step)

	g := lesson.GrowthOf(r)
	first, explored, entered := 0, 0, 0
	for i, u := range r.Applied() {
		for _, l := range u.Layers {
			if i == 0 {
				first += l.Active
				continue
			}
			entered += l.Grown - l.Regrown
			if i == len(r.Applied())-1 {
				explored += l.Explored
			}
		}
	}
	require.Equal(t, explored-first, g.New)
	require.Equal(t, entered, g.New+g.Again)
	require.Positive(t, g.Again)
	require.InDelta(t, float64(g.Again)/float64(entered), g.AgainShare(), 1e-9)
	require.Zero(t, lesson.Growth{}.AgainShare())

	again, second, err := lesson.Run(dir, "again", spec)
	require.NoError(t, err)
	defer again.Close()
	require.Equal(t, summary.Accuracy, second.Accuracy)
	spec.C = 1
	_, _, err = lesson.Run(dir, "other", spec)
	require.ErrorContains(t, err, "c: ")
}
