package run_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// requireSameModel checks that two runs have the same variables, to the bit.
func requireSameModel(t *testing.T, want, got *run.Run) {
	t.Helper()
	a, err := want.Model(run.Newest)
	require.NoError(t, err)
	b, err := got.Model(run.Newest)
	require.NoError(t, err)
	require.Equal(t, a.NumVariables(), b.NumVariables())
	for v := range a.IterVariables() {
		require.NotNil(t, b.GetVariable(v.Path()), v.Path())
		require.True(t, v.MustValue().Equal(b.GetVariable(v.Path()).MustValue()), v.Path())
	}
}

// A run created from all that another had at a step goes on as that one did, bit for bit.
func TestCreateFrom(t *testing.T) {
	backend := backendtest.One(t)
	spec := narrow()
	spec.Steps, spec.DeltaT, spec.Sparsity = 40, 10, 0.9
	origin, err := run.Create(filepath.Join(t.TempDir(), "origin"), spec, run.DefaultRecording())
	require.NoError(t, err)
	defer origin.Close()
	_, err = origin.Model(run.Newest)
	require.ErrorContains(t, err, "it has no whole checkpoint yet")
	_, err = origin.On(backend).Train(t.Context(), 25)
	require.NoError(t, err)
	store, err := origin.Model(25)
	require.NoError(t, err)
	copied, err := run.CreateFrom(filepath.Join(t.TempDir(), "copy"), spec, run.DefaultRecording(), store)
	require.NoError(t, err)
	defer copied.Close()
	requireSameModel(t, origin, copied)
	for _, r := range []*run.Run{origin, copied} {
		summary, err := r.On(backend).Train(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, 4, summary.MaskUpdates)
	}
	requireSameModel(t, origin, copied)
}

// The model that a run was created from is its beginning: it can be forked and gone back to, and is not lost.
func TestCreateFromBegins(t *testing.T) {
	backend := backendtest.One(t)
	origin := create(t, short(0), often())
	trained(t, origin, backend, 20)
	for _, counted := range []bool{true, false} { // At step 20, or at step 0.
		store, err := origin.Model(20)
		require.NoError(t, err)
		if !counted {
			require.NoError(t, run.ResetCounters(store))
		}
		r, err := run.CreateFrom(filepath.Join(t.TempDir(), "run"), short(0), run.Recording{LogEvery: 1, SaveEvery: 1, Keep: 1}, store)
		require.NoError(t, err)
		defer r.Close()
		checkpoints, err := r.Checkpoints()
		require.NoError(t, err)
		first := checkpoints[0]
		fork, err := r.Fork(filepath.Join(t.TempDir(), "fork"), first.Step, nil)
		require.NoError(t, err)
		defer fork.Close()

		want := trained(t, r, backend, 0)
		require.Equal(t, want, trained(t, fork, backend, 0))
		requireSameModel(t, r, fork)
		for _, again := range []*run.Run{r, fork} {
			_, err = again.Rewind(first.Step)
			require.NoError(t, err)
			require.Equal(t, want, trained(t, again, backend, 0))
		}
		requireSameModel(t, r, fork)
		if counted {
			_, err = r.Rewind(0)
			require.ErrorContains(t, err, "begins at step 20, where it was created from a model")
			_, err = r.Fork(filepath.Join(t.TempDir(), "fork"), 0, nil)
			require.ErrorContains(t, err, "begins at step 20")
		}
		require.NoError(t, os.RemoveAll(filepath.Dir(first.Path)))
		_, err = r.Train(t.Context(), 0)
		require.ErrorContains(t, err, "create it anew")
	}
}

// A damaged checkpoint is left alone, and the one before is read.
func TestModelOfDamaged(t *testing.T) {
	spec := narrow()
	spec.Steps, spec.DeltaT = 20, 10
	r, err := run.Create(filepath.Join(t.TempDir(), "run"), spec, run.Recording{LogEvery: 10, SaveEvery: 10})
	require.NoError(t, err)
	defer r.Close()
	_, err = r.On(backendtest.One(t)).Train(t.Context(), 0)
	require.NoError(t, err)
	checkpoints, err := r.Checkpoints()
	require.NoError(t, err)
	last := checkpoints[len(checkpoints)-1].Path
	require.NoError(t, os.Truncate(last, 1000))
	store, err := r.Model(run.Newest)
	require.NoError(t, err)
	require.Equal(t, int64(10), tensors.ToScalar[int64](store.GetVariable("/global_step").MustValue()))
	require.FileExists(t, last)
	_, err = r.Model(20)
	require.ErrorContains(t, err, "is damaged")
}

func TestCreateFromErrors(t *testing.T) {
	spec := run.Default()
	for want, variables := range map[string]map[string]any{
		`there is no weight "/mlp/hidden_1/dense/weights"`:                {},
		`the weight "/mlp/hidden_1/dense/weights" is (Float32)[2]`:        {"/mlp/hidden_1/dense/weights": []float32{1, 2}},
		`"/global_step" must be an Int64 scalar, it is (Int32)`:           {"/global_step": int32(1)},
		`"/global_step" counts, but is -1`:                                {"/global_step": int64(-1)},
		"trained for 2000 steps: a run of 2000 steps has none left, give": {"/global_step": int64(2000)},
	} {
		store := model.NewStore()
		for path, value := range variables {
			tensor, err := tensors.FromAnyValue(value)
			require.NoError(t, err)
			_, err = store.CreateVariable(path, tensor)
			require.NoError(t, err)
		}
		dir := filepath.Join(t.TempDir(), "run")
		_, err := run.CreateFrom(dir, spec, run.DefaultRecording(), store)
		require.ErrorContains(t, err, want)
		require.NoDirExists(t, dir)
	}
}
