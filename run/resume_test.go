package run_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
)

// A run in pieces, each from its folder, equals one in a piece, and one in memory.
func TestPieces(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		whole := create(t, short(0), often())
		want := trained(t, whole, backend, 0)
		pieces := create(t, short(0), often())
		for i, steps := range []int{7, 3, 1, 19} {
			summary := trained(t, pieces, backend, steps)
			require.Equal(t, []int{7, 10, 11, 30}[i], summary.Step)
			if i != 1 { // Once the model stays in memory, with an evaluation in between.
				pieces.Close()
			}
		}
		require.Equal(t, want, trained(t, pieces, backend, 1000), "more steps than are left")
		requireSame(t, whole.Dir(), pieces.Dir())
		require.Equal(t, want, trained(t, pieces, backend, 5), "at its end it trains no more")
		pieces.Close()
		require.Equal(t, want, trained(t, pieces, backend, 0), "as if killed before it was evaluated")

		memory, err := run.Train(t.Context(), backend, short(0), run.Observer{})
		require.NoError(t, err)
		memory.Seconds, memory.SecondsPerStep = 0, 0
		require.Equal(t, want, memory)
	})
}

// All methods resume as they were, and all kinds of optimizers: whatever they remember is in the checkpoint.
func TestMethodsResume(t *testing.T) {
	backend := backendtest.One(t)
	specs := map[string]func(*run.Spec){
		"random formula": func(s *run.Spec) { s.Method, s.Acquisition = run.Formula, "abs(g)*random" },
		"nesterov":       func(s *run.Spec) { s.Optimizer = "nesterov" },
		"rmsprop":        func(s *run.Spec) { s.Optimizer = "rmsprop" },
	}
	for _, method := range append(tried(), run.Dense) {
		specs[method] = func(s *run.Spec) { s.Method = method }
	}
	for name, change := range specs {
		t.Run(name, func(t *testing.T) {
			spec := short(3)
			change(&spec)
			whole, pieces := create(t, spec, often()), create(t, spec, often())
			want := trained(t, whole, backend, 0)
			trained(t, pieces, backend, 15)
			pieces.Close()
			require.Equal(t, want, trained(t, pieces, backend, 0))
			requireSame(t, whole.Dir(), pieces.Dir())
			pieces.Close()
			require.Equal(t, want, trained(t, pieces, backend, 0), "at its end")
		})
	}
}

// A cancelled run stops after the step under way and is saved there.
func TestStopped(t *testing.T) {
	backend := backendtest.One(t)
	whole := create(t, short(0), often())
	trained(t, whole, backend, 0)
	stopped := create(t, short(0), often())
	ctx, cancel := context.WithCancel(t.Context())
	stopped.Observe(run.Observer{Step: func(step int, _ float64) {
		if step == 13 {
			cancel()
		}
	}})
	_, err := stopped.On(backend).Train(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "stopped after 13 of 40 steps, saved in "+stopped.Dir())
	state, err := stopped.State()
	require.NoError(t, err)
	require.Equal(t, run.State{Status: run.StatusStopped, Step: 13}, state)
	trained(t, stopped, backend, 0)
	requireSame(t, whole.Dir(), stopped.Dir())
}

// An evaluation stops, too, and is made up for when the run goes on.
func TestStoppedInEvaluation(t *testing.T) {
	backend := backendtest.One(t)
	spec := shortLinks(t, "link-mlp")
	r := create(t, spec, often())
	want := trained(t, r, backend, 0)
	require.NoError(t, os.Remove(filepath.Join(r.Dir(), "summary.json")))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Train(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "stopped after 40 of 40 steps, saved in "+r.Dir())
	require.NoFileExists(t, filepath.Join(r.Dir(), "summary.json"))
	require.Equal(t, want, trained(t, r, backend, 0))
}

// A Run that was trained by another process in between goes on from where that one left it.
func TestOvertaken(t *testing.T) {
	backend := backendtest.One(t)
	whole := create(t, short(0), often())
	trained(t, whole, backend, 0)
	first := create(t, short(0), often())
	trained(t, first, backend, 10)
	second, err := run.Open(first.Dir(), short(0))
	require.NoError(t, err)
	defer second.Close()
	trained(t, second, backend, 10)
	trained(t, first, backend, 10)
	trained(t, second, backend, 10)
	requireSame(t, whole.Dir(), first.Dir())
}

// It does so, too, where the file system has given a new checkpoint the place of the one that it saved.
func TestOvertakenInPlace(t *testing.T) {
	backend := backendtest.One(t)
	r := create(t, short(0), run.Recording{LogEvery: 1, SaveEvery: 1, Keep: 1})
	trained(t, r, backend, 10)
	ours, err := r.Checkpoints()
	require.NoError(t, err)
	inode := filepath.Join(t.TempDir(), "inode")
	require.NoError(t, os.Link(ours[0].Path, inode))

	other, err := run.Load(r.Dir())
	require.NoError(t, err)
	defer other.Close()
	want := trained(t, other, backend, 0)
	theirs, err := other.Checkpoints()
	require.NoError(t, err)
	newest := theirs[len(theirs)-1].Path
	data, err := os.ReadFile(newest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(inode, data, 0o644))
	require.NoError(t, os.Rename(inode, newest))

	steps := 0
	r.Observe(run.Observer{Step: func(int, float64) { steps++ }})
	require.Equal(t, want, trained(t, r, backend, 0))
	require.Zero(t, steps, "the run was at its end")
}

func TestOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "run")
	_, err := run.Load(dir)
	var none *run.NotARunError
	require.ErrorAs(t, err, &none)
	r, err := run.Open(dir, short(0))
	require.NoError(t, err)
	require.Equal(t, run.DefaultRecording(), r.Recording())
	again, err := run.Open(dir, short(0))
	require.NoError(t, err)
	require.Equal(t, short(0), again.Spec())

	other := short(0)
	other.C, other.Method = 0.5, "rigl"
	_, err = run.Open(dir, other)
	var different *run.DifferentSpecError
	require.ErrorAs(t, err, &different)
	require.Equal(t, []string{`c: 0.0001 there, 0.5 here`, `method: "dst-ee" there, "rigl" here`}, different.Differences)
	require.ErrorContains(t, err, "Fork")

	_, err = run.Create(dir, short(0), run.DefaultRecording())
	require.ErrorContains(t, err, "holds a run already")
	other.C = math.NaN()
	_, err = run.Open(dir, other)
	require.ErrorContains(t, err, "c must be 0 or more")
	_, err = run.Create(dir, short(0), run.Recording{LogEvery: 0, SaveEvery: 1})
	require.ErrorContains(t, err, "log-every must be at least 1, got 0")
	_, err = r.Train(t.Context(), -1)
	require.ErrorContains(t, err, "cannot train -1 steps")

	// What is left of a run without its spec is not taken for its own.
	require.NoError(t, os.Mkdir(filepath.Join(dir, "checkpoints"), 0o755))
	require.NoError(t, os.Remove(filepath.Join(dir, "spec.json")))
	_, err = run.Open(dir, short(0))
	require.ErrorContains(t, err, "what is left of one (checkpoints)")
}

// Old checkpoints go, but the last ones asked for, and those pinned.
func TestKeep(t *testing.T) {
	spec := short(0)
	spec.DeltaT = 4
	r := create(t, spec, run.Recording{LogEvery: 10, SaveEvery: 7, Keep: 3}) // Each 8 steps.
	trained(t, r, backendtest.One(t), 9)
	require.NoError(t, r.Pin(9))
	require.ErrorContains(t, r.Pin(5), "no checkpoint of step 5, only of steps [8 9]")
	trained(t, r, backendtest.One(t), 0)
	health, err := r.Checkpoints()
	require.NoError(t, err)
	var steps []int
	for _, h := range health {
		require.NoError(t, h.Err)
		steps = append(steps, h.Step)
	}
	require.Equal(t, []int{9, 24, 32, 40}, steps)
}

// A loss that is not finite stops the run, and is not saved.
func TestDiverged(t *testing.T) {
	spec := short(0)
	spec.Optimizer, spec.LearningRate = "sgd", 1e30
	r := create(t, spec, often())
	_, err := r.On(backendtest.One(t)).Train(t.Context(), 0)
	require.ErrorContains(t, err, "lower the learning rate")
	state, err := r.State()
	require.NoError(t, err)
	require.Equal(t, run.StatusNew, state.Status)
}

// So it does in its last step, which leaves outputs that cannot be ranked.
func TestDivergedAtTheEnd(t *testing.T) {
	spec := shortLinks(t, "link-mlp")
	spec.Method, spec.Steps, spec.LearningRate = run.Static, 1, 1e38
	r := create(t, spec, often())
	_, err := r.On(backendtest.One(t)).Train(t.Context(), 0)
	require.ErrorContains(t, err, "evaluating: the model's output for example 0 is NaN")
}

// An update that is observed is one that the next process knows of.
func TestObserverOfRun(t *testing.T) {
	r := create(t, short(0), often())
	var updates []int
	r.Observe(run.Observer{Update: func(update *dstee.MaskUpdate) { updates = append(updates, update.Round) }})
	trained(t, r, backendtest.One(t), 20)
	r.Close()
	trained(t, r, backendtest.One(t), 0)
	require.Equal(t, []int{1, 2, 3, 4}, updates)
}
