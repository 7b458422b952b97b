package interchange_test

import (
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/dstee"
	sparselayers "github.com/sparsekernel/sparsekernel/layers"
)

const (
	inputs  = 32
	batch   = 4
	classes = 4
)

// weights are the paths of modelFn's weights, the last one dense.
var weights = []string{"/first/dense/weights", "/second/dense/weights", "/output/dense/weights"}

// modelFn is a model with a norm, whose averages are not trained.
func modelFn(scope *model.Scope, _ any, in []*Node) []*Node {
	x := Tanh(layers.Dense(scope.In("first"), in[0], true, 48))
	x = sparselayers.BatchNorm(scope, x).Done()
	x = Tanh(layers.Dense(scope.In("second"), x, true, 48))
	return []*Node{layers.Dense(scope.In("output"), x, true, classes)}
}

// noise is data without meaning, the same for the same position.
type noise struct{}

func (noise) Name() string { return "noise" }

func (noise) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for i := uint64(0); ; i++ {
			rng := rand.New(rand.NewPCG(7, i))
			x, labels := make([]float32, batch*inputs), make([]int32, batch)
			for j := range x {
				x[j] = float32(rng.NormFloat64())
			}
			for j := range labels {
				labels[j] = rng.Int32N(classes)
			}
			if !yield(train.Batch{Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, batch, inputs)},
				Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels, batch, 1)}}, nil) {
				return
			}
		}
	}
}

// sparsifier updates masks every 5 steps of 40, and keeps the output layer dense.
func sparsifier(density float64) *dstee.Sparsifier {
	return dstee.New(density).KeepDense("output").DeltaT(5).TotalSteps(40)
}

// trainFor trains the store's model for some steps.
func trainFor(t testing.TB, backend compute.Backend, store *model.Store, sparse *dstee.Sparsifier, modelFn train.ModelFn, steps int) {
	t.Helper()
	trainer := train.NewTrainer(backend, store, modelFn, loss.SparseCategoricalCrossEntropyLogits,
		sparse.Optimizer(optimizer.Adam().LearningRate(0.01).Done()), nil, nil)
	loop := train.NewLoop(trainer)
	sparse.Attach(loop)
	_, err := loop.RunSteps(noise{}, steps)
	require.NoError(t, err)
}

// trained returns a store with a model trained for 20 steps.
func trained(t testing.TB, backend compute.Backend, density float64) *model.Store {
	t.Helper()
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(42))
	trainFor(t, backend, store, sparsifier(density), modelFn, 20)
	return store
}

// values returns the values of all of a store's variables by path.
func values(t testing.TB, store *model.Store) map[string]*tensors.Tensor {
	t.Helper()
	all := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		all[v.Path()] = v.MustValue()
	}
	return all
}
