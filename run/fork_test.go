package run_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// A fork with nothing changed equals the run from there on, wherever it is made.
func TestForkUnchanged(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		origin := create(t, short(0), often())
		want := trained(t, origin, backend, 0)
		for _, round := range []int{0, 1, 3} {
			step, err := origin.AtRound(round)
			require.NoError(t, err)
			require.Equal(t, 10*round, step)
			fork, err := origin.Fork(filepath.Join(t.TempDir(), "forks", "fork"), step, nil)
			require.NoError(t, err)
			defer fork.Close()
			require.Equal(t, want, trained(t, fork, backend, 0))
			requireSame(t, origin.Dir(), fork.Dir())
		}
	})
}

// A fork with changes goes its own way, and leaves its origin alone.
func TestForkChanged(t *testing.T) {
	backend := backendtest.One(t)
	origin := create(t, short(0), run.Recording{LogEvery: 1, SaveEvery: 1, Keep: 1})
	trained(t, origin, backend, 20)
	base := traceOf(t, origin.Dir())
	for name, change := range map[string]func(*run.Spec){
		"c":        func(s *run.Spec) { s.C = 10 },
		"method":   func(s *run.Spec) { s.Method = "rigl" },
		"formula":  func(s *run.Spec) { s.Method, s.Acquisition = run.Formula, "1/(n+1)" },
		"density":  func(s *run.Spec) { s.Sparsity = 0.9 },
		"delta_t":  func(s *run.Spec) { s.DeltaT = 4 },
		"dense":    func(s *run.Spec) { s.Method = run.Dense },
		"steps":    func(s *run.Spec) { s.Steps = 60 },
		"schedule": func(s *run.Spec) { s.LearningRate = 1e-3 },
		"batch":    func(s *run.Spec) { s.Batch = 32 },
	} {
		t.Run(name, func(t *testing.T) {
			fork, err := origin.Fork(filepath.Join(t.TempDir(), "fork"), 20, change)
			require.NoError(t, err)
			defer fork.Close()
			require.Equal(t, 20, fork.ForkedFrom().Step)
			require.Equal(t, origin.Dir(), fork.ForkedFrom().Dir)
			trained(t, fork, backend, 9)
			fork.Close()
			summary := trained(t, fork, backend, 0)
			switch name {
			case "density":
				require.InDelta(t, 0.9, summary.Sparsity, 1e-9)
			case "dense":
				require.Zero(t, summary.Sparsity)
			case "steps":
				require.Equal(t, 6, summary.MaskUpdates)
			case "delta_t":
				require.Equal(t, 2+5, summary.MaskUpdates)
			}
		})
	}
	require.Equal(t, base, traceOf(t, origin.Dir()))
	trained(t, origin, backend, 0)
	health, err := origin.Checkpoints()
	require.NoError(t, err)
	require.Equal(t, 20, health[0].Step)
	require.True(t, health[0].Pinned, "a fork pins the checkpoint it began with")
}

func TestForkErrors(t *testing.T) {
	backend := backendtest.One(t)
	origin := create(t, short(0), often())
	trained(t, origin, backend, 25)
	fork := func(step int, change func(*run.Spec)) error {
		dir := filepath.Join(t.TempDir(), "fork")
		_, err := origin.Fork(dir, step, change)
		require.NoDirExists(t, dir)
		return err
	}
	require.ErrorContains(t, fork(15, nil), "no checkpoint of step 15, only of steps [10 20 25]")
	require.ErrorContains(t, fork(10, func(s *run.Spec) { s.Model = "lenet5" }), `a fork keeps the model, here "mlp"`)
	require.ErrorContains(t, fork(10, func(s *run.Spec) { s.Optimizer = "sgd" }), "a fork keeps the optimizer")
	require.ErrorContains(t, fork(20, func(s *run.Spec) { s.Steps = 20 }), "a run of 20 steps cannot be forked at step 20")
	require.ErrorContains(t, fork(20, func(s *run.Spec) { s.C = -1 }), "c must be 0 or more")
	require.ErrorContains(t, fork(20, func(s *run.Spec) { s.Method, s.Sparsity = run.Static, 0.5 }), "its masks do not move")
	_, err := origin.AtRound(7)
	require.ErrorContains(t, err, "no checkpoint of round 7, only of rounds [1 2]")
	_, err = origin.Fork(origin.Dir(), 10, nil)
	require.ErrorContains(t, err, "exists and is not empty")

	damaged, err := origin.Checkpoints()
	require.NoError(t, err)
	require.NoError(t, os.Truncate(damaged[0].Path, 1000))
	require.ErrorContains(t, fork(10, nil), "is damaged")

	// A fork whose base is damaged cannot begin anew: it says where it came from.
	dir := filepath.Join(t.TempDir(), "fork")
	forked, err := origin.Fork(dir, 20, nil)
	require.NoError(t, err)
	entries, err := forked.Checkpoints()
	require.NoError(t, err)
	require.NoError(t, os.Remove(entries[0].Path))
	_, err = forked.On(backend).Train(t.Context(), 0)
	require.ErrorContains(t, err, "fork it anew from "+origin.Dir()+" at step 20")
}

// What comes after the step is gone, and made anew it is the same.
func TestRewind(t *testing.T) {
	backend := backendtest.One(t)
	whole := create(t, short(0), often())
	trained(t, whole, backend, 0)
	r := create(t, short(0), often())
	for step, checkpoints := range map[int]int{20: 2, 0: 4, 30: 1} {
		trained(t, r, backend, 0)
		removed, err := r.Rewind(step)
		require.NoError(t, err)
		require.Equal(t, run.Rewound{Checkpoints: checkpoints, Summary: true}, removed)
		state, err := r.State()
		require.NoError(t, err)
		require.Equal(t, step, state.Step)
		require.Nil(t, state.Accuracy)
	}
	trained(t, r, backend, 0)
	requireSame(t, whole.Dir(), r.Dir())
	_, err := r.Rewind(11)
	require.ErrorContains(t, err, "no checkpoint of step 11")

	fork, err := r.Fork(filepath.Join(t.TempDir(), "fork"), 20, nil)
	require.NoError(t, err)
	_, err = fork.Rewind(10)
	require.ErrorContains(t, err, "begins at step 20")
}
