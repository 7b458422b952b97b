package layers_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/layers"
)

// Variables have the dtype of the hyperparameter, outputs that of the inputs.
func TestWeightsDType(t *testing.T) {
	build := func(name string) (*model.Store, error) {
		store, g := model.NewStore(), graph.NewGraph(backendtest.One(t), "")
		defer g.Finalize()
		model.SetStore(g, store)
		store.RootScope().SetParam(layers.ParamWeightsDType, name)
		return store, exceptions.TryCatch[error](func() {
			scope := store.RootScope()
			x := graph.Parameter(g, "x", shapes.Make(dtypes.BFloat16, 2, 4, 4, 3))
			x = layers.SparseConv(scope, x).Channels(5).KernelSize(3).Done()
			x = layers.BatchNorm(scope, x).Done()
			x = layers.SparseDense(scope, x, 7).Done()
			require.Equal(t, dtypes.BFloat16, x.DType())
		})
	}
	store, err := build("Float32")
	require.NoError(t, err)
	count := 0
	for v := range store.IterVariables() {
		if v.DType() != dtypes.Bool && v.DType() != dtypes.Uint64 {
			require.Equal(t, dtypes.Float32, v.DType(), v.Path())
			count++
		}
	}
	require.Equal(t, 9, count)
	store, err = build("")
	require.NoError(t, err)
	require.Equal(t, dtypes.BFloat16, store.GetVariable("/conv/weights").DType())
	for _, name := range []string{"Int32", "float"} {
		_, err = build(name)
		require.ErrorContains(t, err, `must name a float dtype such as "Float32", got "`+name+`"`)
	}
}
