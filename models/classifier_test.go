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
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
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
	image := func(dims ...int) *tensors.Tensor { return tensors.FromShape(shapes.Make(dtypes.Float32, dims...)) }
	for _, dims := range [][]int{{1, 4, 4, 1}, {2, 8, 8, 1}, {1, 9, 13, 2}, {1, 28, 28, 1}, {1, 32, 32, 3}, {1, 64, 40, 1}} {
		for _, test := range classifiers {
			y, err := evaluate(t, backend, model.NewStore(), test.new().Classes(3).Done(), image(dims...))
			require.NoError(t, err, "%s %v", test.name, dims)
			require.Equal(t, []int{dims[0], 3}, y.Shape().Dimensions)
		}
	}
	for _, test := range []struct {
		fn    train.ModelFn
		image *tensors.Tensor
		want  string
	}{
		{models.LeNet5().Done(), image(1, 3, 8, 1), "4x4 or more"},
		{models.MLP().Done(), image(1, 8, 8), "[batch, height, width, channels]"},
		{models.MLP().Done(), tensors.FromFlatDataAndDimensions([]int32{1}, 1, 1, 1, 1), "float images"},
		{models.MLP().Classes(0).Done(), image(1, 8, 8, 1), "1 class or more"},
	} {
		_, err := evaluate(t, backend, model.NewStore(), test.fn, test.image)
		require.ErrorContains(t, err, test.want)
	}
}
