package models_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors/images"
	gomlx "github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/attention"
	"github.com/gomlx/gomlx/ml/layers/fnn"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/layers"
	"github.com/sparsekernel/sparsekernel/models"
)

// macs are the counts by path.
func macs(counts *models.Counts) map[string]int {
	byPath := map[string]int{}
	for _, weight := range counts.Weights {
		byPath[weight.Path] = weight.MACs
	}
	return byPath
}

func f32(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }

func TestCount(t *testing.T) {
	oneOutput := func(fn func(scope *model.Scope, x *Node) *Node) train.ModelFn {
		return func(scope *model.Scope, _ any, inputs []*Node) []*Node { return []*Node{fn(scope, inputs[0])} }
	}
	conv := func(lowering layers.Lowering) train.ModelFn {
		return oneOutput(func(scope *model.Scope, x *Node) *Node {
			return layers.SparseConv(scope, x).Channels(8).KernelSize(3).Strides(2).PadSame().Lowering(lowering).Done()
		})
	}
	tests := []struct {
		name       string
		model      train.ModelFn
		input      shapes.Shape
		parameters int
		want       map[string]int
	}{
		// The sizes of LeNet-5 as usually reported; 5·5·28·28·6 and so on.
		{"LeNet-5", models.LeNet5().Done(), f32(1, 28, 28, 1), 61706, map[string]int{
			"/lenet5/c1/conv/weights": 117600, "/lenet5/c3/conv/weights": 240000, "/lenet5/c5/dense/weights": 48000,
			"/lenet5/f6/dense/weights": 10080, "/lenet5/output/dense/weights": 840,
		}},
		{"sparse LeNet-5 at 32x32", models.LeNet5().Sparse(true).Done(), f32(1, 32, 32, 1), 61706, map[string]int{
			"/lenet5/c1/conv/weights": 117600, "/lenet5/c3/conv/weights": 240000, "/lenet5/c5/dense/weights": 48000,
			"/lenet5/f6/dense/weights": 10080, "/lenet5/output/dense/weights": 840,
		}},
		{"MLP, two examples", models.MLP(20).Classes(5).Sparse(true).Done(), f32(2, 8, 8, 1), 64*20 + 20 + 20*5 + 5, map[string]int{
			"/mlp/hidden_1/dense/weights": 2 * 64 * 20, "/mlp/output/dense/weights": 2 * 20 * 5,
		}},
		{"narrow MLP", models.MLP(20).Width(0.5).Classes(5).Done(), f32(1, 8, 8, 1), 64*10 + 10 + 10*5 + 5, map[string]int{
			"/mlp/hidden_1/dense/weights": 64 * 10, "/mlp/output/dense/weights": 10 * 5,
		}},
		{"narrow LeNet-5", models.LeNet5().Width(0.5).Done(), f32(1, 28, 28, 1), 78 + 608 + 12060 + 2562 + 430, map[string]int{
			"/lenet5/c1/conv/weights": 58800, "/lenet5/c3/conv/weights": 60000, "/lenet5/c5/dense/weights": 12000,
			"/lenet5/f6/dense/weights": 2520, "/lenet5/output/dense/weights": 420,
		}},
		{"convolve", conv(layers.LoweringConvolve), f32(1, 7, 6, 3), 9*3*8 + 8, map[string]int{"/conv/weights": 9 * 3 * 8 * 4 * 3}},
		{"im2col", conv(layers.LoweringIm2Col), f32(1, 7, 6, 3), 9*3*8 + 8, map[string]int{"/conv/weights": 9 * 3 * 8 * 4 * 3}},
		{"shifted", conv(layers.LoweringShifted), f32(1, 7, 6, 3), 9*3*8 + 8, map[string]int{"/conv/weights": 9 * 3 * 8 * 4 * 3}},
		{"GoMLX's layers", oneOutput(func(scope *model.Scope, x *Node) *Node {
			x = gomlx.Convolution(scope, x).Channels(4).KernelSize(3).ChannelsAxis(images.ChannelsFirst).Done() // [1, 4, 6, 5]
			x = fnn.New(scope.In("fnn"), Reshape(x, 1, -1), 10).NumHiddenLayers(1, 7).Done()
			return x
		}), f32(1, 2, 8, 7), 4*2*9 + 4 + 120*7 + 7 + 70 + 10, map[string]int{
			"/conv/weights": 4 * 2 * 9 * 30, "/fnn/fnn_hidden_layer_0/weights": 120 * 7, "/fnn/fnn_output_layer/weights": 70,
		}},
		{"attention", oneOutput(func(scope *model.Scope, x *Node) *Node {
			return attention.SelfAttention(scope, x, 2, 3).UseProjectionBias(false).Done()
		}), f32(1, 5, 8), 4 * 8 * 6, map[string]int{
			"/MultiHeadAttention/query/dense/weights": 5 * 8 * 6, "/MultiHeadAttention/key/dense/weights": 5 * 8 * 6,
			"/MultiHeadAttention/value/dense/weights": 5 * 8 * 6, "/MultiHeadAttention/output/dense/weights": 5 * 6 * 8,
		}},
		{"one matrix per group", oneOutput(func(scope *model.Scope, x *Node) *Node {
			return Einsum("bgi,gio->bgo", x, scope.VariableWithShape("weights", f32(3, 4, 5)).NodeValue(x))
		}), f32(2, 3, 4), 60, map[string]int{"/weights": 2 * 60}},
		{"embedding that is also the output", oneOutput(func(scope *model.Scope, x *Node) *Node {
			y := gomlx.Embedding(scope, ConvertDType(x, dtypes.Int32), dtypes.Float32, 9, 4)
			return Einsum("be,ve->bv", Reshape(y, 2, 4), scope.GetVariable("embeddings").NodeValue(x))
		}), f32(2, 1), 36, map[string]int{"/embeddings": 2 * 9 * 4}},
		{"a weight that nothing multiplies by", oneOutput(func(scope *model.Scope, x *Node) *Node {
			return Add(x, scope.VariableWithShape("table", f32(3, 4)).NodeValue(x))
		}), f32(3, 4), 12, map[string]int{"/table": 0}},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				counts, err := models.Count(backend, model.NewStore(), test.model, test.input)
				require.NoError(t, err)
				require.Equal(t, test.parameters, counts.Parameters)
				require.Equal(t, test.want, macs(counts))
			})
		}
	})
}

func TestCountErrors(t *testing.T) {
	backend := backendtest.Get(t, "go")
	_, err := models.Count(backend, model.NewStore(), models.LeNet5().Done(), f32(1, 2, 2, 1))
	require.ErrorContains(t, err, "4x4 or more")
	_, err = models.Count(backend, model.NewStore(), func(scope *model.Scope, _ any, x []*Node) []*Node {
		return []*Node{Einsum("abgi,abio->abgo", x[0], scope.VariableWithShape("weights", f32(2, 3, 4, 5)).NodeValue(x[0]))}
	}, f32(2, 3, 7, 4))
	require.ErrorContains(t, err, "more than one batch axis")
}

// The model is built with the hyperparameters of the store, and leaves the store alone.
func TestCountStore(t *testing.T) {
	store := model.NewStore()
	store.RootScope().SetParam("units", 3)
	counts, err := models.Count(backendtest.Get(t, "go"), store, func(scope *model.Scope, _ any, x []*Node) []*Node {
		scope.SetParam("units", model.GetParamOr(scope, "units", 0)+1)
		return []*Node{layers.Dense(scope, x[0], model.GetParamOr(scope, "units", 0)).Bias(false).Done()}
	}, f32(1, 5))
	require.NoError(t, err)
	require.Equal(t, 5*4, counts.MACs())
	require.Zero(t, store.NumVariables())
	require.Equal(t, 3, model.GetParamOr(store.RootScope(), "units", 0))
}

func ExampleCount() {
	backend, err := backends.Open("")
	if err != nil {
		panic(err)
	}
	image := shapes.Make(dtypes.Float32, 1, 28, 28, 1)
	counts, err := models.Count(backend, model.NewStore(), models.LeNet5().Classes(10).Done(), image)
	if err != nil {
		panic(err)
	}
	for _, weight := range counts.Weights {
		fmt.Println(weight.Path, weight.Shape.Dimensions, weight.MACs)
	}
	fmt.Println(counts.Parameters, "parameters,", counts.MACs(), "multiply-accumulates")
	// Output:
	// /lenet5/c1/conv/weights [5 5 1 6] 117600
	// /lenet5/c3/conv/weights [5 5 6 16] 240000
	// /lenet5/c5/dense/weights [400 120] 48000
	// /lenet5/f6/dense/weights [120 84] 10080
	// /lenet5/output/dense/weights [84 10] 840
	// 61706 parameters, 416520 multiply-accumulates
}
