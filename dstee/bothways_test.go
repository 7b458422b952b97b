package dstee_test

import (
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	gomlxlayers "github.com/gomlx/gomlx/ml/layers"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/layers"
)

// sparseModel is testModel with the same variables, made of sparse layers; mixed makes only the first one so.
func sparseModel(mixed bool) train.ModelFn {
	return func(scope *model.Scope, _ any, inputs []*Node) []*Node {
		dense := func(scope *model.Scope, x *Node, units int) *Node {
			if mixed {
				return gomlxlayers.Dense(scope, x, true, units)
			}
			return layers.SparseDense(scope, x, units).Done()
		}
		x := Tanh(layers.SparseDense(scope.In("first"), inputs[0], 24).Done())
		x = Tanh(dense(scope.In("second"), x, 24))
		return []*Node{dense(scope.In("output"), x, testClasses)}
	}
}

// A model of sparse layers, one of ordinary layers chosen by pattern, and a mix of both run alike: the same masks, visits
// and weights, for the same initial values.
func TestSparseLayersEqualPatterns(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		run := func(modelFn train.ModelFn) map[string]*tensors.Tensor {
			store := newStore(t)
			sparse := dstee.New(0.2).DeltaT(5)
			s := newSession(backend, store, modelFn, sparse, optimizer.Adam().LearningRate(0.01).Done())
			require.NoError(t, firstError(s.loop.RunSteps(testData{}, 20)))
			requireSparse(t, store, testWeights...)
			return snapshot(t, store)
		}
		want := run(testModel)
		for name, modelFn := range map[string]train.ModelFn{"sparse": sparseModel(false), "mixed": sparseModel(true)} {
			got := run(modelFn)
			for _, path := range testWeights {
				for _, what := range []string{"/mask", "/visits"} {
					require.True(t, want[dstee.Scope+path+what].Equal(got[dstee.Scope+path+what]), "%s: %s%s", name, path, what)
				}
				// The compiler may fuse the extra masking differently, which changes roundings.
				require.True(t, want[path].InDelta(got[path], 1e-5), "%s: %s", name, path)
			}
		}
	})
}

// Without a Sparsifier, sparse layers are static: their masks stay, and what is stored is sparse.
func TestSparseLayersAloneAreStatic(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := newStore(t)
		store.SetParam(dstee.ParamDensity, 0.3)
		store.SetParam("/first/"+dstee.ParamDensity, 0.5)
		s := newSession(backend, store, sparseModel(false), nil, optimizer.Adam().LearningRate(0.01).Done())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 1)))
		require.Equal(t, []int{144, 173, 29}, requireSparse(t, store, testWeights...)) // 0.5·288, 0.3·576, 0.3·96.
		before := snapshot(t, store)
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 20)))
		require.Equal(t, []int{144, 173, 29}, requireSparse(t, store, testWeights...))
		for _, path := range testWeights {
			mask := dstee.Scope + path + "/mask"
			require.True(t, before[mask].Equal(snapshot(t, store)[mask]), path)
			require.False(t, before[path].Equal(snapshot(t, store)[path]), "%s was trained", path)
		}
	})
}

// A layer's own drop, growth and density hold under a Sparsifier, beside those of other layers.
func TestLayerHyperparameters(t *testing.T) {
	backend := backendtest.Get(t, "xla")
	store := newStore(t)
	modelFn := func(scope *model.Scope, _ any, inputs []*Node) []*Node {
		x := Tanh(layers.SparseDense(scope.In("first"), inputs[0], 24).Density(0.5).Grow("set").Done())
		x = Tanh(layers.SparseDense(scope.In("second"), x, 24).Grow("rigl").Done())
		return []*Node{layers.SparseDense(scope.In("output"), x, testClasses).Done()}
	}
	sparse := dstee.FromScope(store.RootScope()).Density(dstee.Constant(0.2)).Distribution(dstee.Uniform).DeltaT(5)
	s := newSession(backend, store, modelFn, sparse, optimizer.Adam().LearningRate(0.01).Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 20)))
	require.Equal(t, []int{144, 115, 19}, requireSparse(t, store, testWeights...)) // 0.5·288; 0.2·672 in two layers.
	stats, _, err := sparse.Stats()
	require.NoError(t, err)
	for _, l := range stats {
		require.Greater(t, l.Explored, l.Active, "%s moves", l.Path)
	}
}
