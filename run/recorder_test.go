package run_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/whatif"
)

// records returns the steps and updates of a run's trace.
func records(t *testing.T, r *run.Run) (steps []*trace.Step, updates []*trace.Update, index *trace.Index) {
	t.Helper()
	reader, err := trace.Open(filepath.Join(r.Dir(), trace.FileName))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reader.Close()) })
	for record, err := range reader.Records() {
		require.NoError(t, err)
		if record.Step != nil {
			steps = append(steps, record.Step)
		} else {
			updates = append(updates, record.Update)
		}
	}
	index, err = reader.Index()
	require.NoError(t, err)
	return steps, updates, index
}

// The trace says what the checkpoints hold and what the observer was told.
func TestTrace(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		r := create(t, short(0), run.Recording{LogEvery: 4, SaveEvery: 1})
		var told []*dstee.MaskUpdate
		r.Observe(run.Observer{Update: func(update *dstee.MaskUpdate) { told = append(told, update) }})
		trained(t, r, backend, 15)
		r.Close()
		summary := trained(t, r, backend, 0)
		steps, updates, index := records(t, r)

		require.Len(t, steps, 10)
		for i, step := range steps {
			require.Equal(t, 4*(i+1), step.Step)
			require.Positive(t, step.Scalars[trace.Loss])
			require.InDelta(t, 0.05, step.Scalars[trace.Density], 1e-6)
			require.InDelta(t, 0.5, step.Scalars[trace.Accuracy], 0.5)
		}
		require.Equal(t, 1e-2, run.Default().LearningRate)
		require.InDelta(t, 1e-2, steps[0].Scalars[trace.LearningRate], 1e-3)
		require.Greater(t, steps[0].Scalars[trace.Loss], steps[9].Scalars[trace.Loss])
		require.Less(t, steps[9].Scalars[trace.LearningRate], 1e-4)

		require.Len(t, updates, 5)
		require.Equal(t, []int{0, 0}, []int{updates[0].Step, updates[0].Round}, "the masks that training began with")
		for i, want := range told {
			got := updates[i+1]
			require.Equal(t, []any{want.Step, want.Round, want.DropFraction}, []any{got.Step, got.Round, got.DropFraction})
			require.Equal(t, trace.Scalars{"c": 1e-4, "epsilon": 1}, got.Params)
			for j, l := range want.Layers {
				g := got.Layers[j]
				require.Equal(t, []any{l.Path, l.Size, l.Active, l.Dropped, l.Grown, l.Regrown, l.Explored},
					[]any{g.Path, g.Size, g.Active, g.Dropped, g.Grown, g.Regrown, g.Explored})
				require.NotNil(t, g.Scores)
				require.NotNil(t, g.Weights)
			}
		}
		for _, entry := range summary.Layers {
			require.Equal(t, updates[4].Layer(entry.Path).Active, entry.Active)
		}
		for round := 1; round <= 4; round++ {
			store := model.NewStore()
			c, err := checkpoint.Read(checkpoint.Folder(filepath.Join(r.Dir(), "checkpoints")).Path(10*round, round))
			require.NoError(t, err)
			require.NoError(t, c.Restore(store, nil))
			for _, l := range summary.Layers {
				mask, err := index.Mask(round, l.Path)
				require.NoError(t, err)
				require.Equal(t, tensors.MustCopyFlatData[bool](store.GetVariable(dstee.Scope+l.Path+"/mask").MustValue()), mask)
			}
		}
	})
}

// A dense run has steps and no masks.
func TestTraceDense(t *testing.T) {
	spec := short(0)
	spec.Method = run.Dense
	r := create(t, spec, run.DefaultRecording())
	trained(t, r, backendtest.One(t), 0)
	steps, updates, _ := records(t, r)
	require.Len(t, steps, 4)
	require.Empty(t, updates)
	require.Equal(t, 1.0, steps[0].Scalars[trace.Density])
}

// From a saved round the update can be made again, with the same masks.
func TestSavedRounds(t *testing.T) {
	backend := backendtest.One(t)
	recording := often()
	recording.Rounds = run.Rounds{2, 4}
	r := create(t, short(0), recording)
	summary := trained(t, r, backend, 0)
	files, err := os.ReadDir(filepath.Join(r.Dir(), "rounds"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	_, updates, index := records(t, r)

	round, err := whatif.Read(filepath.Join(r.RoundsDir(), whatif.FileName(4)))
	require.NoError(t, err)
	require.Equal(t, []any{4, 40, 40, int64(0), updates[4].DropFraction},
		[]any{round.Number, round.Step, round.TotalSteps, round.Seed, round.DropFraction})
	require.Len(t, round.Layers, len(summary.Layers))
	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), dstee.DSTEE(dstee.Constant(1e-4), dstee.Constant(1)), dstee.Auto)
	require.NoError(t, err)
	for _, l := range round.Layers {
		before, err := index.Mask(3, l.Path)
		require.NoError(t, err)
		require.Equal(t, before, tensors.MustCopyFlatData[bool](l.Mask))
		active := 0
		for _, on := range before {
			if on {
				active++
			}
		}
		move, err := updater.Update(l.LayerState, active, l.Target, round.DropFraction, 40, 0)
		require.NoError(t, err)
		after, err := index.Mask(4, l.Path)
		require.NoError(t, err)
		require.Equal(t, after, tensors.MustCopyFlatData[bool](move.Mask))
	}

	// A fork has them up to where it begins, and going back removes those after.
	fork, err := r.Fork(filepath.Join(t.TempDir(), "fork"), 30, nil)
	require.NoError(t, err)
	_, err = r.Rewind(30)
	require.NoError(t, err)
	for _, dir := range []string{r.RoundsDir(), fork.RoundsDir()} {
		require.FileExists(t, filepath.Join(dir, whatif.FileName(2)))
		require.NoFileExists(t, filepath.Join(dir, whatif.FileName(4)))
	}

	// What a process left that was killed while it saved one is removed.
	every := create(t, short(0), run.Recording{LogEvery: 1, SaveEvery: 1, Rounds: run.EveryRound})
	trained(t, every, backend, 5)
	require.NoError(t, os.MkdirAll(every.RoundsDir(), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(every.RoundsDir(), "."+whatif.FileName(1)+"-A.tmp"), nil, 0o644))
	trained(t, every, backend, 20)
	files, err = os.ReadDir(filepath.Join(every.Dir(), "rounds"))
	require.NoError(t, err)
	require.Equal(t, []string{whatif.FileName(1), whatif.FileName(2)}, names(files))
}

func names(files []os.DirEntry) []string {
	list := make([]string, len(files))
	for i, file := range files {
		list[i] = file.Name()
	}
	return slices.Sorted(slices.Values(list))
}
