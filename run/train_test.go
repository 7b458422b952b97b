package run_test

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
)

// The same seed gives the same run, another seed another.
func TestSeeds(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		train := func(seed int64) *run.Summary {
			summary, err := run.Train(t.Context(), backend, short(seed), run.Observer{})
			require.NoError(t, err)
			summary.Seconds, summary.SecondsPerStep = 0, 0
			return summary
		}
		first := train(1)
		require.Equal(t, first, train(1))
		require.NotEqual(t, first.Loss, train(2).Loss)
	})
}

func TestObserver(t *testing.T) {
	var steps, updates []int
	_, err := run.Train(t.Context(), backendtest.One(t), short(0), run.Observer{
		Step:   func(step int, _ float64) { steps = append(steps, step) },
		Update: func(update *dstee.MaskUpdate) { updates = append(updates, update.Step) },
	})
	require.NoError(t, err)
	require.Equal(t, []int{10, 20, 30, 40}, updates)
	require.Len(t, steps, 40)
	require.Equal(t, 40, steps[39])
}

// The operations counted are those of the paper's formula for the densities reached.
func TestFLOPs(t *testing.T) {
	spec := short(0)
	spec.Method = "set" // Moves without a gradient: 3·sparse per step, as static.
	moving, err := run.Train(t.Context(), backendtest.One(t), spec, run.Observer{})
	require.NoError(t, err)
	macs, dense := 0.0, 0.0
	for _, l := range moving.Layers { // In an MLP each weight is used once per example.
		macs += float64(l.Active)
		dense += float64(l.Size)
	}
	require.InDelta(t, macs/dense, moving.FLOPsRatio, 1e-12)
	spec.Method = "rigl"
	byGradient, err := run.Train(t.Context(), backendtest.One(t), spec, run.Observer{})
	require.NoError(t, err)
	require.InDelta(t, dstee.TrainingFLOPs(macs, dense, 10), byGradient.FLOPsRatio, 1e-12)
}
