package layers_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

// random returns normal values, the same for the same seed and shape.
func random(seed uint64, dims ...int) *tensors.Tensor {
	rng := rand.New(rand.NewPCG(seed, 1))
	values := make([]float64, shapes.Make(dtypes.Float64, dims...).Size())
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// random32 is random in float32.
func random32(seed uint64, dims ...int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(to32(flat(random(seed, dims...))), dims...)
}

func to32(values []float64) []float32 {
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return narrow
}

// flat returns the values of a float tensor.
func flat(t *tensors.Tensor) []float64 {
	if t.DType() == dtypes.Float64 {
		return tensors.MustCopyFlatData[float64](t)
	}
	var wide []float64
	for _, v := range tensors.MustCopyFlatData[float32](t) {
		wide = append(wide, float64(v))
	}
	return wide
}

// requireClose compares values relative to the largest of them.
func requireClose(t *testing.T, want, got []float64, tolerance float64, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	scale := 1e-30
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(want[i]-got[i]) <= tolerance*scale) {
			require.Fail(t, "values differ", "%s: element %d of %d is %g, want %g, of at most %g", what, i, len(want), got[i], want[i], scale)
		}
	}
}

// seeded returns a store whose random numbers depend on the backend only.
func seeded(t testing.TB) *model.Store {
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(42))
	return store
}

// uniform initializes biases too, where GoMLX's default leaves them zero.
func uniform(scope *model.Scope) *model.Scope {
	return scope.WithInitializer(initializer.RandomUniformFn(scope, -0.5, 0.5))
}

// call runs a layer in an evaluation graph.
func call(t *testing.T, backend compute.Backend, store *model.Store, layer func(scope *model.Scope, inputs []*Node) *Node, inputs ...any) *tensors.Tensor {
	t.Helper()
	output, err := model.CallOnce(backend, store, layer, inputs...)
	require.NoError(t, err)
	return output
}

// panicOf builds the layer for inputs of the given shapes, and returns the error it panics with.
func panicOf(t *testing.T, backend compute.Backend, layer func(scope *model.Scope, inputs []*Node) *Node, inputs ...any) string {
	t.Helper()
	_, err := model.CallOnce(backend, model.NewStore(), layer, inputs...)
	require.Error(t, err)
	return err.Error()
}

// feed makes an input the value of the variable with the given path, relative to the scope.
func feed(scope *model.Scope, path string, value *Node) {
	scope.Store().VariableWithShape(model.JoinPath(scope.Scope(), path), value.Shape(), initializer.Zero).SetNodeValue(value)
}

// requireGradient checks the gradients of a layer, of any output shape, against finite differences along random
// directions. Inputs are float64; weights are inputs too, see feed.
func requireGradient(t *testing.T, backend compute.Backend, layer func(scope *model.Scope, inputs []*Node) *Node, inputs ...*tensors.Tensor) {
	t.Helper()
	// A weighted sum tells the output's elements apart.
	weighted := func(scope *model.Scope, inputs []*Node) *Node {
		y := layer(scope, inputs)
		weights := AddScalar(Sin(IotaFull(y.Graph(), y.Shape())), 0.1)
		return ReduceAllSum(Mul(y, weights))
	}
	value, err := model.NewExec(backend, model.NewStore(), weighted)
	require.NoError(t, err)
	gradients, err := model.NewExec(backend, model.NewStore(), func(scope *model.Scope, inputs []*Node) []*Node {
		return Gradient(weighted(scope, inputs), inputs...)
	})
	require.NoError(t, err)
	at := func(step float64, input int, direction []float64) float64 {
		args := make([]any, len(inputs))
		for i, x := range inputs {
			values := flat(x)
			if i == input {
				for j := range values {
					values[j] += step * direction[j]
				}
			}
			args[i] = tensors.FromFlatDataAndDimensions(values, x.Shape().Dimensions...)
		}
		y, err := value.Call1(args...)
		require.NoError(t, err)
		return tensors.ToScalar[float64](y)
	}
	args := make([]any, len(inputs))
	for i, x := range inputs {
		args[i] = x
	}
	grads, err := gradients.Call(args...)
	require.NoError(t, err)
	for i, x := range inputs {
		for seed := range uint64(2) {
			direction := flat(random(100+seed, x.Shape().Dimensions...))
			const h = 1e-5
			want := (at(h, i, direction) - at(-h, i, direction)) / (2 * h)
			got := 0.0
			for j, v := range flat(grads[i]) {
				got += v * direction[j]
			}
			require.InDelta(t, want, got, 1e-6*max(1, math.Abs(want)), "gradient of input %d along direction %d", i, seed)
		}
	}
}

// requireBackendsAgree computes values on each backend and compares them.
func requireBackendsAgree(t *testing.T, tolerance float64, values func(t *testing.T, backend compute.Backend) map[string][]float64) {
	t.Helper()
	var first map[string][]float64
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		results := values(t, backend)
		if first == nil {
			first = results
		}
		for what, want := range first {
			requireClose(t, want, results[what], tolerance, what)
		}
	})
}

// pureGo runs f on the pure-Go backend, which compiles at once, for what does not depend on the backend.
func pureGo(t *testing.T, f func(t *testing.T, backend compute.Backend)) {
	t.Helper()
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		if backend.Name() != "xla" {
			f(t, backend)
		}
	})
}

// trainer trains the layer, as a model, by plain gradient descent on the squared error.
func trainer(backend compute.Backend, store *model.Store, layer func(scope *model.Scope, inputs []*Node) *Node) *train.Trainer {
	sgd := optimizer.StochasticGradientDescent().WithDecay(false).WithLearningRate(0.1)
	modelFn := func(scope *model.Scope, _ any, inputs []*Node) []*Node { return []*Node{layer(scope, inputs)} }
	return train.NewTrainer(backend, store, modelFn, loss.MeanSquaredError, sgd, nil, nil)
}

// step trains one step and returns the loss.
func step(t *testing.T, trainer *train.Trainer, labels *tensors.Tensor, inputs ...*tensors.Tensor) float64 {
	t.Helper()
	batch := train.Batch{Labels: []*tensors.Tensor{clone(t, labels)}}
	for _, x := range inputs {
		batch.Inputs = append(batch.Inputs, clone(t, x))
	}
	metrics, err := trainer.TrainStep(batch)
	require.NoError(t, err)
	return float64(tensors.ToScalar[float32](metrics[0]))
}

// clone copies a tensor: the trainer takes those of a batch.
func clone(t *testing.T, x *tensors.Tensor) *tensors.Tensor {
	copied, err := x.LocalClone()
	require.NoError(t, err)
	return copied
}

// valueOf returns a variable's values.
func valueOf(t *testing.T, store *model.Store, path string) []float64 {
	t.Helper()
	v := store.GetVariable(path)
	require.NotNil(t, v, path)
	value, err := v.Value()
	require.NoError(t, err)
	return flat(value)
}

// trainable lists path and shape of the trainable variables.
func trainable(store *model.Store) []string {
	var list []string
	for v := range store.IterVariables() {
		if v.Trainable {
			list = append(list, v.Path()+" "+v.Shape().String())
		}
	}
	slices.Sort(list)
	return list
}

func nonZeros(values []float64) int {
	count := 0
	for _, v := range values {
		if v != 0 {
			count++
		}
	}
	return count
}
