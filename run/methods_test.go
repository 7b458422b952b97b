package run_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
)

// Every method trains on the digits at 90%, on the cheaper backend also at 98%, with exactly as many active weights after
// every update as its density says, and learns more than chance.
func TestMethods(t *testing.T) {
	train := func(t *testing.T, backend compute.Backend, method string, sparsity float64) {
		spec, weights := run.Default(), 64*512+512*256+256*10.
		spec.Steps, spec.DeltaT, spec.Batch = 200, 25, 16
		if testing.Short() {
			spec, weights = short(0), 8720
		}
		spec.Method, spec.Sparsity = method, sparsity
		want := func(int) float64 { return 1 - sparsity }
		if preset, err := dstee.MethodByName(method); err == nil && preset.Density != nil {
			want = preset.Density(1 - sparsity).Over(spec.Steps).At
		}
		updates := 0
		summary, err := run.Train(t.Context(), backend, spec, run.Observer{Update: func(update *dstee.MaskUpdate) {
			updates++
			require.False(t, update.Skipped)
			require.Equal(t, int(math.Round(want(update.Step)*weights)), update.Totals().Active, "step %d", update.Step)
		}})
		require.NoError(t, err)
		active := 0
		for _, layer := range summary.Layers {
			require.Positive(t, layer.Active)
			active += layer.Active
		}
		require.Equal(t, int(math.Round((1-sparsity)*weights)), active)
		if !testing.Short() {
			require.Greater(t, summary.Accuracy, 0.5)
		}
		require.Greater(t, summary.FLOPsRatio, 0.5*(1-sparsity))
		require.Less(t, summary.FLOPsRatio, 1.0)
		t.Logf("%s at %g: accuracy %.3f, FLOPs %.3f, explored %.3f, %d updates", method, sparsity, summary.Accuracy, summary.FLOPsRatio,
			summary.ExplorationRate, updates)
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		sparsities := []float64{0.9}
		if filepath.Base(t.Name()) == backendtest.Cheapest() {
			sparsities = append(sparsities, 0.98)
		}
		for _, method := range tried() {
			for _, sparsity := range sparsities {
				t.Run(fmt.Sprintf("%s %g", method, sparsity), func(t *testing.T) {
					t.Parallel()
					train(t, backend, method, sparsity)
				})
			}
		}
	})
}

// tried are the presets' names, in a short test some of different kinds: the race detector makes them slow.
func tried() []string {
	if testing.Short() {
		return []string{"dst-ee", "top-kast", "snip", "ucb"}
	}
	var names []string
	for _, method := range dstee.Methods() {
		names = append(names, method.Name)
	}
	return names
}
