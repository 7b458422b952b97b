package layers_test

import (
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/layers"
)

type poolTest struct {
	name            string
	input           []int
	window, strides []int
	same            bool
}

var poolTests = []poolTest{
	{"1D", []int{2, 7, 3}, []int{3}, nil, false},
	{"window divides", []int{2, 6, 4, 3}, []int{2, 2}, nil, false},
	{"elements left over", []int{2, 7, 5, 3}, []int{2, 3}, nil, false},
	{"overlapping", []int{2, 7, 6, 3}, []int{3, 3}, []int{2, 1}, false},
	{"same", []int{2, 5, 4, 3}, []int{3, 2}, nil, true},
	{"same, strided", []int{2, 7, 8, 3}, []int{3, 3}, []int{2, 2}, true},
	{"3D", []int{1, 4, 5, 4, 2}, []int{2, 3, 2}, nil, false},
}

func (test poolTest) configure(b *layers.PoolBuilder) *Node {
	b.Window(test.window...)
	if test.strides != nil {
		b.Strides(test.strides...)
	}
	if test.same {
		b.PadSame()
	}
	return b.Done()
}

func (test poolTest) gomlx(b *PoolBuilder) *Node {
	b.WindowPerAxis(test.window...)
	if test.strides != nil {
		b.StridePerAxis(test.strides...)
	}
	if test.same {
		b.PadSame()
	}
	return b.Done()
}

var pools = []struct {
	name  string
	ours  func(x *Node) *layers.PoolBuilder
	gomlx func(x *Node) *PoolBuilder
}{
	{"max", layers.MaxPool, MaxPool},
	{"avg", layers.AvgPool, MeanPool},
}

func TestPoolEqualsGoMLX(t *testing.T) {
	requireBackendsAgree(t, 1e-5, func(t *testing.T, backend compute.Backend) map[string][]float64 {
		var inputs []any
		for _, test := range poolTests {
			inputs = append(inputs, random32(1, test.input...))
		}
		results, err := model.CallOnceN(backend, model.NewStore(), func(_ *model.Scope, inputs []*Node) (outputs []*Node) {
			for _, pool := range pools {
				for i, test := range poolTests {
					y := test.configure(pool.ours(inputs[i]))
					outputs = append(outputs, test.gomlx(pool.gomlx(inputs[i])), y, Gradient(ReduceAllSum(Square(y)), inputs[i])[0])
				}
			}
			return outputs
		}, inputs...)
		require.NoError(t, err)
		gradients := map[string][]float64{}
		for _, pool := range pools {
			for _, test := range poolTests {
				name := pool.name + " " + test.name
				require.Equal(t, results[0].Shape().Dimensions, results[1].Shape().Dimensions, name)
				requireClose(t, flat(results[0]), flat(results[1]), 1e-6, name)
				gradients[name] = flat(results[2])
				results = results[3:]
			}
		}
		return gradients
	})
}

func TestPoolGradient(t *testing.T) {
	pureGo(t, func(t *testing.T, backend compute.Backend) {
		for _, pool := range pools {
			for _, test := range poolTests {
				t.Run(pool.name+"/"+test.name, func(t *testing.T) {
					requireGradient(t, backend, func(_ *model.Scope, inputs []*Node) *Node {
						return test.configure(pool.ours(inputs[0]))
					}, random(1, test.input...))
				})
			}
		}
	})
}

// A flat region, such as the background of an image, must not multiply the gradient.
func TestMaxPoolGradientOfTies(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		// Rows of a 4x4 image with windows of 2x2: all equal; two on the diagonal; largest in a column; a single one.
		image := []float32{
			5, 5, 0, 7,
			5, 5, 7, 0,
			0, 3, 1, 2,
			0, 3, 2, 9,
		}
		grad, err := model.CallOnce(backend, model.NewStore(), func(_ *model.Scope, x *Node) *Node {
			return Gradient(ReduceAllSum(layers.MaxPool(x).Window(2).Done()), x)[0]
		}, tensors.FromFlatDataAndDimensions(image, 1, 4, 4, 1))
		require.NoError(t, err)
		require.Equal(t, []float64{
			1, 0, 0, 1,
			0, 0, 0, 0,
			0, 1, 0, 0,
			0, 0, 0, 1,
		}, flat(grad))
	})
}

func TestPoolPanics(t *testing.T) {
	backend := backendtest.Get(t, "go")
	image := tensors.FromFlatDataAndDimensions(make([]float32, 16), 1, 4, 4, 1)
	pool := func(configure func(x *Node) *layers.PoolBuilder) func(_ *model.Scope, x []*Node) *Node {
		return func(_ *model.Scope, x []*Node) *Node { return configure(x[0]).Done() }
	}
	require.Contains(t, panicOf(t, backend, pool(layers.MaxPool), image), "MaxPool needs a Window")
	require.Contains(t, panicOf(t, backend, pool(layers.AvgPool), [][]float32{{1}}), "AvgPool needs an input")
	require.Contains(t, panicOf(t, backend, pool(func(x *Node) *layers.PoolBuilder {
		return layers.MaxPool(x).Window(5)
	}), image), "does not fit")
}
