package run_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
)

// A registered method trains by its name, as the same method that is known already.
func TestRegister(t *testing.T) {
	require.ErrorContains(t, run.Register(dstee.Method{}), "needs a name")
	require.ErrorContains(t, run.Register(dstee.Method{Name: "rigl"}), `there is a method "rigl" already`)
	spec := short(1)
	spec.Method = "my rigl"
	require.ErrorContains(t, spec.Validate(), `unknown method "my rigl"`)
	mine := dstee.MethodRigL()
	mine.Name = "my rigl"
	require.NoError(t, run.Register(mine))
	require.NoError(t, spec.Validate())
	train := func(method string) *run.Summary {
		spec.Method = method
		summary, err := run.Train(t.Context(), backendtest.One(t), spec, run.Observer{})
		require.NoError(t, err)
		summary.Method, summary.Seconds, summary.SecondsPerStep = "", 0, 0
		return summary
	}
	require.Equal(t, train("rigl"), train("my rigl"))
}

// A run by a method that this program does not know is read, forked with another method and removed, but not trained.
func TestRunOfAnotherProgramsMethod(t *testing.T) {
	mine := dstee.MethodRigL()
	mine.Name = "elsewhere"
	require.NoError(t, run.Register(mine))
	spec := short(1)
	spec.Method = mine.Name
	r := create(t, spec, often())
	trained(t, r, backendtest.One(t), 20)
	run.Forget(mine.Name)

	r, err := run.Load(r.Dir())
	require.NoError(t, err)
	state, err := r.State()
	require.NoError(t, err)
	require.Equal(t, 20, state.Step)
	checkpoints, err := r.Checkpoints()
	require.NoError(t, err)
	require.NoError(t, checkpoints[0].Err)
	store, err := r.Model(run.Newest)
	require.NoError(t, err)
	store.Finalize()
	_, err = r.Train(t.Context(), 0)
	require.ErrorContains(t, err, `unknown method "elsewhere": the known ones are`)
	require.ErrorContains(t, err, "go on with the run there")
	_, err = r.Fork(filepath.Join(t.TempDir(), "same"), 20, nil)
	require.ErrorContains(t, err, `unknown method "elsewhere"`)
	fork, err := r.Fork(filepath.Join(t.TempDir(), "fork"), 20, func(s *run.Spec) { s.Method = "rigl" })
	require.NoError(t, err)
	trained(t, fork, backendtest.One(t), 0)
	require.NoError(t, run.Remove(r.Dir()))
}

// The active weights form the pattern of the spec, exactly.
func TestStructure(t *testing.T) {
	spec := short(1)
	spec.Structure = "2:5"
	require.ErrorContains(t, func() error { s := spec; s.Structure = "2-4"; return s.Validate() }(), `unknown structure "2-4"`)
	spec.Structure = "2:4"
	summary, err := run.Train(t.Context(), backendtest.One(t), spec, run.Observer{})
	require.NoError(t, err)
	require.InDelta(t, 0.5, summary.Sparsity, 0)
	for _, l := range summary.Layers {
		require.Equal(t, l.Size/2, l.Active, l.Path)
		require.Positive(t, l.Churn, l.Path)
	}
}
