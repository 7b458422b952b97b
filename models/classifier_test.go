package models_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
)

var classifiers = []struct {
	name string
	new  func() *models.Classifier
}{
	{"MLP", func() *models.Classifier { return models.MLP(32, 16) }},
	{"LeNet5", models.LeNet5},
}

// noisyPatterns returns images, noisy copies of one pattern per class, and their labels.
func noisyPatterns(seed uint64, n, size, classes int) (x, labels *tensors.Tensor) {
	patterns, noise := rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(seed, 2))
	pattern := make([]float32, classes*size*size)
	for i := range pattern {
		pattern[i] = float32(patterns.NormFloat64())
	}
	pixels, class := make([]float32, n*size*size), make([]int32, n)
	for i := range n {
		class[i] = int32(i % classes)
		for j := range size * size {
			pixels[i*size*size+j] = pattern[int(class[i])*size*size+j] + 0.3*float32(noise.NormFloat64())
		}
	}
	return tensors.FromFlatDataAndDimensions(pixels, n, size, size, 1), tensors.FromFlatDataAndDimensions(class, n, 1)
}

func seeded(t *testing.T) *model.Store {
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(7))
	store.RootScope().SetParam(dstee.ParamDensity, 0.3)
	return store
}

// evaluate runs a model on an input.
func evaluate(t *testing.T, backend compute.Backend, store *model.Store, fn train.ModelFn, x *tensors.Tensor) (*tensors.Tensor, error) {
	return model.CallOnce(backend, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		scope = scope.WithInitializer(initializer.RandomUniformFn(scope, -0.1, 0.1))
		return fn(scope, nil, []*graph.Node{x})[0]
	}, x)
}

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

func TestClassifierLearns(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range classifiers {
			for name, sparse := range map[string]bool{"dense": false, "sparse": true} {
				if sparse && (testing.Short() || backend.Name() == "xla") {
					continue // This takes long, and the test below says that both are the same.
				}
				t.Run(test.name+"/"+name, func(t *testing.T) {
					const classes = 4
					store := seeded(t)
					trainer := train.NewTrainer(backend, store, test.new().Classes(classes).Sparse(sparse).Done(),
						loss.SparseCategoricalCrossEntropyLogits, optimizer.Adam().LearningRate(0.005).Done(), nil, nil)
					var losses []float32
					for i := range uint64(60) {
						x, labels := noisyPatterns(i, 32, 8, classes)
						metrics, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{x}, Labels: []*tensors.Tensor{labels}})
						require.NoError(t, err)
						losses = append(losses, tensors.ToScalar[float32](metrics[0]))
					}
					require.Greater(t, losses[0], float32(1))
					require.Less(t, losses[len(losses)-1], float32(0.3))
				})
			}
		}
	})
}

// The sparse network is the dense one with inactive weights zero, to the last bit.
func TestClassifierSparseIsMaskedDense(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range classifiers {
			t.Run(test.name, func(t *testing.T) {
				x, _ := noisyPatterns(1, 4, 8, 4)
				store := seeded(t)
				want, err := evaluate(t, backend, store, test.new().Sparse(true).Done(), x)
				require.NoError(t, err)
				require.Equal(t, []int{4, 10}, want.Shape().Dimensions)

				dense := seeded(t)
				_, err = evaluate(t, backend, dense, test.new().Done(), x)
				require.NoError(t, err)
				require.Equal(t, trainable(dense), trainable(store))
				for v := range dense.IterVariables() {
					mask := store.GetVariable(dstee.Scope + v.Path() + "/mask")
					if mask == nil {
						continue
					}
					weights := tensors.MustCopyFlatData[float32](v.MustValue())
					for i, on := range tensors.MustCopyFlatData[bool](mask.MustValue()) {
						if !on {
							weights[i] = 0
						}
					}
					require.NoError(t, v.SetValue(tensors.FromFlatDataAndDimensions(weights, v.Shape().Dimensions...)))
				}
				got, err := evaluate(t, backend, dense, test.new().Done(), x)
				require.NoError(t, err)
				require.Equal(t, tensors.MustCopyFlatData[float32](want), tensors.MustCopyFlatData[float32](got))
			})
		}
	})
}

func TestClassifierInputs(t *testing.T) {
	backend := backendtest.Get(t, "go")
	// build builds the graph, for the shape of its output, and runs nothing.
	build := func(fn train.ModelFn, input shapes.Shape) (output shapes.Shape, err error) {
		store, g := model.NewStore(), graph.NewGraph(backend, "")
		defer g.Finalize()
		model.SetStore(g, store)
		err = exceptions.TryCatch[error](func() {
			output = fn(store.RootScope(), nil, []*graph.Node{graph.Parameter(g, "x", input)})[0].Shape()
		})
		return output, err
	}
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16, dtypes.Float64} {
		for _, dims := range [][]int{{1, 4, 4, 1}, {2, 8, 8, 1}, {1, 9, 13, 2}, {1, 28, 28, 1}, {1, 32, 32, 3}, {1, 64, 40, 1}} {
			for _, test := range classifiers {
				output, err := build(test.new().Classes(3).Done(), shapes.Make(dtype, dims...))
				require.NoError(t, err, "%s %v", test.name, dims)
				require.Equal(t, shapes.Make(dtype, dims[0], 3).String(), output.String())
			}
		}
	}
	for _, test := range []struct {
		fn    train.ModelFn
		input shapes.Shape
		want  string
	}{
		{models.LeNet5().Done(), f32(1, 3, 8, 1), "4x4 or more"},
		{models.MLP().Done(), f32(1, 8, 8), "[batch, height, width, channels]"},
		{models.MLP().Done(), shapes.Make(dtypes.Int32, 1, 1, 1, 1), "float images"},
		{models.MLP().Classes(0).Done(), f32(1, 8, 8, 1), "1 class or more"},
	} {
		_, err := build(test.fn, test.input)
		require.ErrorContains(t, err, test.want)
	}
}
