package dstee_test

import (
	"iter"
	"math"
	"math/rand/v2"
	"strings"
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
)

const (
	testInputs  = 12
	testClasses = 4
	testBatch   = 16
)

// testModel is an ordinary GoMLX model: two hidden layers and an output layer.
func testModel(scope *model.Scope, _ any, inputs []*Node) []*Node {
	x := inputs[0]
	x = Tanh(layers.Dense(scope.In("first"), x, true, 24))
	x = Tanh(layers.Dense(scope.In("second"), x, true, 24))
	return []*Node{layers.Dense(scope.In("output"), x, true, testClasses)}
}

// testData yields batches that depend on nothing but their position, from the batch start on.
type testData struct {
	start int
	// spoil makes the inputs of the given batch infinite.
	spoil int
}

func (d testData) Name() string { return "test data" }

func (d testData) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for i := d.start; ; i++ {
			rng := rand.New(rand.NewPCG(7, uint64(i)))
			x := make([]float32, testBatch*testInputs)
			labels := make([]int32, testBatch)
			for e := range labels {
				sum := [testClasses]float32{}
				for j := range testInputs {
					v := float32(rng.NormFloat64())
					x[e*testInputs+j] = v
					sum[j%testClasses] += v
				}
				for c, s := range sum {
					if s > sum[labels[e]] {
						labels[e] = int32(c)
					}
				}
			}
			if d.spoil > 0 && i == d.spoil {
				x[0] = float32(math.Inf(1))
			}
			batch := train.Batch{
				Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, testBatch, testInputs)},
				Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels, testBatch, 1)},
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// session is a model in training.
type session struct {
	store   *model.Store
	trainer *train.Trainer
	loop    *train.Loop
	sparse  *dstee.Sparsifier
}

// newSession sets up the training of a model, sparse unless the Sparsifier is nil.
func newSession(backend compute.Backend, store *model.Store, modelFn train.ModelFn, sparse *dstee.Sparsifier, base optimizer.Interface) *session {
	if sparse != nil {
		base = sparse.Optimizer(base)
	}
	s := &session{store: store, sparse: sparse}
	s.trainer = train.NewTrainer(backend, store, modelFn, loss.SparseCategoricalCrossEntropyLogits, base, nil, nil)
	s.loop = train.NewLoop(s.trainer)
	if sparse != nil {
		sparse.Attach(s.loop)
	}
	return s
}

// newStore returns a store whose initial values depend on nothing but the seed.
func newStore(t testing.TB) *model.Store {
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(42))
	return store
}

// flat returns a copy of a variable's values.
func flat[T float32 | int32 | int64 | bool](t testing.TB, store *model.Store, path string) []T {
	t.Helper()
	v := store.GetVariable(path)
	require.NotNil(t, v, path)
	values, err := tensors.CopyFlatData[T](v.MustValue())
	require.NoError(t, err)
	return values
}

// testWeights are the paths of testModel's weights.
var testWeights = []string{"/first/dense/weights", "/second/dense/weights", "/output/dense/weights"}

// requireSparse checks that the weights are zero where their masks are false, and returns the active count of each.
func requireSparse(t testing.TB, store *model.Store, weights ...string) []int {
	t.Helper()
	counts := make([]int, len(weights))
	for i, path := range weights {
		mask := flat[bool](t, store, dstee.Scope+path+"/mask")
		for j, w := range flat[float32](t, store, path) {
			if mask[j] {
				counts[i]++
			} else {
				require.Zero(t, w, "%s at %d is not active", path, j)
			}
		}
	}
	return counts
}

// snapshot copies all of a store's variables, but for the random state and metrics.
func snapshot(t testing.TB, store *model.Store) map[string]*tensors.Tensor {
	t.Helper()
	values := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		if v.HasValue() {
			value, err := v.MustValue().LocalClone()
			require.NoError(t, err)
			values[v.Path()] = value
		}
	}
	return values
}

// countSteps is a loop hook that counts.
func countSteps(n *int) train.OnStepFn {
	return func(*train.Loop, []*tensors.Tensor) error {
		*n++
		return nil
	}
}

// wholeAndResumed trains testModel for the given steps with Adam, once in one piece, once from what was saved after half.
func wholeAndResumed(t *testing.T, backend compute.Backend, newSparse func() *dstee.Sparsifier, half, steps int) (whole, resumed *model.Store) {
	t.Helper()
	train := func(store *model.Store, from, to int) *model.Store {
		base := optimizer.Adam().LearningRate(0.01).Done()
		require.NoError(t, firstError(newSession(backend, store, testModel, newSparse(), base).loop.RunSteps(testData{start: from}, to-from)))
		return store
	}
	whole = train(newStore(t), 0, steps)
	resumed = model.NewStore()
	for path, value := range snapshot(t, train(newStore(t), 0, half)) {
		if !strings.Contains(path, "learning_rate") { // The trainer makes it anew.
			_, err := resumed.CreateVariable(path, value)
			require.NoError(t, err)
		}
	}
	return whole, train(resumed, half, steps)
}
