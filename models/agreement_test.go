package models_test

import (
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// narrow are all networks at a small width, with the size of the images that they are tried on.
func narrow() []network {
	return []network{
		{"MLP", models.MLP(16, 8), 8, dtypes.Float32},
		{"LeNet-5", models.LeNet5(), 8, dtypes.Float32},
		{"VGG-11", models.VGG11().Width(1. / 16), 16, dtypes.Float32},
		{"VGG-19", models.VGG19().Width(1. / 16), 16, dtypes.Float32},
		{"ResNet-18", models.ResNet18().Width(1. / 16), 8, dtypes.Float32},
		{"ResNet-50", models.ResNet50().Width(1. / 32), 8, dtypes.Float64},
		{"ResNet-50 for ImageNet", models.ResNet50ImageNet().Classes(10).Width(1. / 32), 32, dtypes.Float64},
		{"WRN-22-2", models.WRN22x2().Width(1. / 8), 8, dtypes.Float32},
		{"ViT-Ti", models.ViTTiny().Width(1. / 3), 8, dtypes.Float32},
	}
}

type network struct {
	name  string
	model *models.Classifier
	size  int // Height and width of an image.

	// dtype is that in which the backends are compared. In some fifty narrow layers with batch normalization the rounding of
	// Float32 grows to some percent of the gradient, so that agreement would say nothing.
	dtype dtypes.DType
}

// initialValues returns the trainable variables of a network, drawn by the pure-Go backend: the backends' random numbers
// differ.
func initialValues(t *testing.T, n network) map[string]value {
	store := seeded(t)
	x, _ := noisyPatterns(1, 2, n.size, 2)
	_, err := model.CallOnce(backendtest.Get(t, "go"), store, forward(n.model.Done()), x)
	require.NoError(t, err)
	values := map[string]value{}
	for v := range store.IterVariables() {
		if v.Trainable {
			values[v.Path()] = value{tensors.MustCopyFlatData[float32](v.MustValue()), v.Shape().Dimensions}
		}
	}
	return values
}

// value is a tensor that belongs to no backend.
type value struct {
	flat []float32
	dims []int
}

// forward is a network as a function of images alone.
func forward(fn train.ModelFn) func(scope *model.Scope, x *graph.Node) *graph.Node {
	return func(scope *model.Scope, x *graph.Node) *graph.Node { return fn(scope, nil, []*graph.Node{x})[0] }
}

// oneBatch is a data set of one batch.
type oneBatch struct{ batch train.Batch }

func (oneBatch) Name() string { return "one batch" }

func (b oneBatch) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) { yield(b.batch, nil) }
}

// One step of SGD on the sparse network gives the same loss and the same weights on both backends.
func TestBackendsAgreeOnAStep(t *testing.T) {
	for _, n := range narrow() {
		t.Run(n.name, func(t *testing.T) {
			if testing.Short() && n.name != "LeNet-5" {
				t.Skip("XLA takes seconds to compile a deep network, and tens for the deepest")
			}
			initial := initialValues(t, n)
			losses := map[string]float64{}
			steps := map[string]map[string][]float64{}
			for _, name := range []string{"xla", "go"} {
				backend := backendtest.Get(t, name)
				losses[name], steps[name] = oneStep(t, backend, n, initial)
			}
			require.InEpsilon(t, losses["go"], losses["xla"], 1e-4)
			for path, want := range steps["go"] {
				got := steps["xla"][path]
				difference, size := 0.0, 0.0
				for i := range want {
					difference += math.Pow(got[i]-want[i], 2)
					size += math.Pow(want[i], 2)
				}
				require.LessOrEqual(t, math.Sqrt(difference), 1e-4*math.Sqrt(size)+1e-7, path)
			}
		})
	}
}

// oneStep trains the network for a step from the given values, and returns the loss and the trainable variables.
func oneStep(t *testing.T, backend compute.Backend, n network, initial map[string]value) (float64, map[string][]float64) {
	store := seeded(t)
	for path, v := range initial {
		_, err := store.CreateVariable(path, floats(n.dtype, v.flat, v.dims...))
		require.NoError(t, err)
	}
	sparse := dstee.New(0.3).Static()
	trainer := train.NewTrainer(backend, store, n.model.Done(), loss.SparseCategoricalCrossEntropyLogits,
		sparse.Optimizer(optimizers.SGD().LearningRate(0.01).Done()), nil, nil)
	loop := train.NewLoop(trainer)
	sparse.Attach(loop)
	x, labels := noisyPatterns(1, 16, n.size, 10)
	x = floats(n.dtype, tensors.MustCopyFlatData[float32](x), x.Shape().Dimensions...)
	metrics, err := loop.RunSteps(oneBatch{train.Batch{Inputs: []*tensors.Tensor{x}, Labels: []*tensors.Tensor{labels}}}, 1)
	require.NoError(t, err)
	after := map[string][]float64{}
	for v := range store.IterVariables() {
		if v.Trainable {
			after[v.Path()] = flat64(v.MustValue())
		}
	}
	require.Len(t, after, len(initial))
	return shapes.ConvertTo[float64](metrics[0].Value()), after
}

// floats is a tensor of the dtype that belongs to no backend yet.
func floats(dtype dtypes.DType, flat []float32, dims ...int) *tensors.Tensor {
	if dtype == dtypes.Float32 {
		return tensors.FromFlatDataAndDimensions(slices.Clone(flat), dims...)
	}
	double := make([]float64, len(flat))
	for i, v := range flat {
		double[i] = float64(v)
	}
	return tensors.FromFlatDataAndDimensions(double, dims...)
}

// flat64 copies the values of a Float32 or Float64 tensor.
func flat64(t *tensors.Tensor) []float64 {
	if t.DType() == dtypes.Float64 {
		return tensors.MustCopyFlatData[float64](t)
	}
	var double []float64
	for _, v := range tensors.MustCopyFlatData[float32](t) {
		double = append(double, float64(v))
	}
	return double
}

// In mixed precision the variables keep their dtype, logits are close to those of full precision, and training works.
func TestMixedPrecision(t *testing.T) {
	backend := backendtest.One(t)
	for _, n := range narrow() {
		t.Run(n.name, func(t *testing.T) {
			store := seeded(t)
			x, labels := noisyPatterns(1, 8, n.size, 10)
			full, err := model.CallOnce(backend, store, forward(n.model.Done()), x)
			require.NoError(t, err)
			mixed, err := model.CallOnce(backend, store, forward(n.model.MixedPrecision(true).Done()), x)
			require.NoError(t, err)
			require.Equal(t, full.Shape().String(), mixed.Shape().String())
			want, got := tensors.MustCopyFlatData[float32](full), tensors.MustCopyFlatData[float32](mixed)
			size, difference := 0.0, 0.0
			for i := range want {
				size += math.Abs(float64(want[i]))
				difference += math.Abs(float64(want[i] - got[i]))
			}
			require.Greater(t, difference, 0., "bfloat16 was not used")
			require.Less(t, difference, 0.1*size)

			trainer := train.NewTrainer(backend, store, n.model.Done(), loss.SparseCategoricalCrossEntropyLogits,
				dstee.New(0.3).Optimizer(optimizers.SGD().LearningRate(0.01).Done()), nil, nil)
			metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{x}, Labels: []*tensors.Tensor{labels}})
			require.NoError(t, err)
			require.False(t, math.IsNaN(float64(tensors.ToScalar[float32](metrics[0]))))
			for v := range store.IterVariables() {
				if v.Trainable {
					require.Equal(t, dtypes.Float32, v.DType(), v.Path())
				}
			}
		})
	}
}
