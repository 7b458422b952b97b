package layers_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	gomlx "github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/attention"
	"github.com/gomlx/gomlx/ml/layers/regularizer"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ui/commandline"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/layers"
)

// layerTest is a sparse layer in the scope "layer", and GoMLX's dense one.
type layerTest struct {
	name          string
	input         *tensors.Tensor
	outputDims    []int
	sparse, dense func(scope *model.Scope, inputs []*Node) *Node
	weights       []string
}

func layerTests() []layerTest {
	ids := tensors.FromFlatDataAndDimensions([]int32{0, 3, 5, 1, 2, 2, 4, 0}, 4, 2)
	return []layerTest{
		{
			"dense", random32(1, 4, 20), []int{4, 10},
			func(scope *model.Scope, x []*Node) *Node {
				return layers.SparseDense(uniform(scope).In("layer"), x[0], 10).Density(0.2).Done()
			},
			func(scope *model.Scope, x []*Node) *Node {
				return gomlx.Dense(uniform(scope).In("layer"), x[0], true, 10)
			},
			[]string{"/layer/dense/weights"},
		},
		{
			"conv", random32(1, 2, 6, 6, 4), []int{2, 6, 6, 5},
			func(scope *model.Scope, x []*Node) *Node {
				return layers.SparseConv(uniform(scope).In("layer"), x[0]).Channels(5).KernelSize(3).PadSame().Density(0.2).Done()
			},
			func(scope *model.Scope, x []*Node) *Node {
				return gomlx.Convolution(uniform(scope).In("layer"), x[0]).Channels(5).KernelSize(3).PadSame().Done()
			},
			[]string{"/layer/conv/weights"},
		},
		{
			"embedding", ids, []int{4, 2, 10},
			func(scope *model.Scope, x []*Node) *Node {
				return layers.SparseEmbedding(uniform(scope).In("layer"), x[0], 6, 10).Density(0.2).Done()
			},
			func(scope *model.Scope, x []*Node) *Node {
				return gomlx.Embedding(uniform(scope).In("layer"), x[0], dtypes.Float32, 6, 10)
			},
			[]string{"/layer/embeddings"},
		},
		{
			"attention", random32(1, 2, 3, 10), []int{2, 3, 10},
			func(scope *model.Scope, x []*Node) *Node {
				return layers.SparseAttention(uniform(scope).In("layer"), x[0], x[0], x[0], 4, 5).KeyHeads(2).Density(0.2).
					Configure(func(b *attention.MultiHeadAttentionBuilder) { b.WithCausalMask(true) }).Done()
			},
			func(scope *model.Scope, x []*Node) *Node {
				return attention.MultiHeadAttention(uniform(scope).In("layer"), x[0], x[0], x[0], 4, 5).WithNumKVHeads(2).WithCausalMask(true).Done()
			},
			[]string{
				"/layer/MultiHeadAttention/key/dense/weights", "/layer/MultiHeadAttention/query/dense/weights",
				"/layer/MultiHeadAttention/value/dense/weights", "/layer/MultiHeadAttention/output/dense/weights",
			},
		},
	}
}

// requireMask returns the mask of a weight, which must have exactly round(density·size) active entries.
func requireMask(t *testing.T, store *model.Store, path string, density float64) []bool {
	t.Helper()
	v := store.GetVariable(dstee.Scope + path + "/mask")
	require.NotNil(t, v, path)
	require.False(t, v.Trainable)
	value, err := v.Value()
	require.NoError(t, err)
	mask := tensors.MustCopyFlatData[bool](value)
	active := 0
	for _, on := range mask {
		if on {
			active++
		}
	}
	require.Equal(t, int(math.Round(density*float64(len(mask)))), active, path)
	return mask
}

// The sparse layer is the dense one with inactive weights zero: same variables, same initial values, and in an evaluation
// the same output as GoMLX's layer on the masked weights.
func TestSparseLayerIsMaskedGoMLXLayer(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range layerTests() {
			t.Run(test.name, func(t *testing.T) {
				ours, theirs := seeded(t), seeded(t)
				got := call(t, backend, ours, test.sparse, test.input)
				require.Equal(t, test.outputDims, got.Shape().Dimensions)
				call(t, backend, theirs, test.dense, test.input)
				require.Equal(t, trainable(theirs), trainable(ours))
				for v := range theirs.IterVariables() {
					if v.Trainable {
						require.Equal(t, valueOf(t, theirs, v.Path()), valueOf(t, ours, v.Path()), "initial %s, unchanged by evaluation", v.Path())
					}
				}
				for _, path := range test.weights {
					mask := requireMask(t, ours, path, 0.2)
					weights := to32(valueOf(t, theirs, path))
					for i := range weights {
						if !mask[i] {
							weights[i] = 0
						}
					}
					v := theirs.GetVariable(path)
					require.NoError(t, v.SetValue(tensors.FromFlatDataAndDimensions(weights, v.Shape().Dimensions...)))
				}
				want := call(t, backend, theirs, test.dense, test.input)
				requireClose(t, flat(want), flat(got), 1e-5, "output")
			})
		}
	})
}

// Used alone the layer is statically sparse: training moves the active weights, and stores nothing else.
func TestSparseLayerStaysSparse(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range layerTests() {
			t.Run(test.name, func(t *testing.T) {
				store := seeded(t)
				trainer := trainer(backend, store, test.sparse)
				labels := random32(2, test.outputDims...)
				first := step(t, trainer, labels, test.input)
				masks := map[string][]bool{}
				before := map[string][]float64{}
				for _, path := range test.weights {
					masks[path] = requireMask(t, store, path, 0.2)
					before[path] = valueOf(t, store, path)
				}
				var last float64
				for range 10 {
					last = step(t, trainer, labels, test.input)
				}
				require.Less(t, last, first)
				for _, path := range test.weights {
					require.Equal(t, masks[path], requireMask(t, store, path, 0.2))
					after := valueOf(t, store, path)
					require.NotEqual(t, before[path], after)
					for i, on := range masks[path] {
						if !on {
							require.Zero(t, after[i], "%s[%d]", path, i)
						}
					}
				}

				want := call(t, backend, store, test.sparse, test.input)
				got := call(t, backend, store.WithVariableAsConst(true), test.sparse, test.input)
				requireClose(t, flat(want), flat(got), 1e-5, "output with constant weights, as exported")
			})
		}
	})
}

// The optimizer must see the regularization of masked weights: without data, gradient descent of L2 by one step is
// w - 0.1·2·l2·w.
func TestSparseLayerRegularizes(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range layerTests()[:2] {
			t.Run(test.name, func(t *testing.T) {
				store := seeded(t)
				store.RootScope().SetParam(regularizer.ParamL2, 0.25)
				trainer := trainer(backend, store, func(scope *model.Scope, x []*Node) *Node { return MulScalar(test.sparse(scope, x), 0) })
				labels := tensors.FromShape(random32(2, test.outputDims...).Shape())
				step(t, trainer, labels, test.input)
				before := valueOf(t, store, test.weights[0])
				step(t, trainer, labels, test.input)
				for i := range before {
					before[i] *= 1 - 0.1*2*0.25
				}
				requireClose(t, before, valueOf(t, store, test.weights[0]), 1e-5, "weights")
			})
		}
	})
}

// Options set the hyperparameters of the layer's own scope; what no option sets comes from the scopes above, and from the
// command line.
func TestSparsityIsScoped(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := model.NewStore()
		store.RootScope().SetParam(dstee.ParamDensity, 0.05)
		_, err := commandline.ParseSettings(store, "dst_density=0.1;b/dst_density=0.5")
		require.NoError(t, err)
		call(t, backend, store, func(scope *model.Scope, x []*Node) *Node {
			y := layers.SparseDense(scope.In("a"), x[0], 10).Done()
			y = layers.SparseDense(scope.In("b"), y, 10).Done()
			return layers.SparseDense(scope.In("c"), y, 10).Density(0.3).Structure("unstructured").Drop("magnitude").Grow("set").Done()
		}, random32(1, 4, 10))
		requireMask(t, store, "/a/dense/weights", 0.1)
		requireMask(t, store, "/b/dense/weights", 0.5)
		requireMask(t, store, "/c/dense/weights", 0.3)

		params := map[string]any{}
		for path, value := range store.IterParams() {
			params[path] = value
		}
		require.Equal(t, map[string]any{
			"/dst_density": 0.1, "/b/dst_density": 0.5, "/c/dense/dst_density": 0.3,
			"/c/dense/dst_structure": "unstructured", "/c/dense/dst_drop": "magnitude", "/c/dense/dst_grow": "set",
		}, params)
	})
}

// The random mask of a layer without a Sparsifier has the layer's structure, and a structure that is none says so.
func TestSparseLayerStructure(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := model.NewStore()
		call(t, backend, store, func(scope *model.Scope, x []*Node) *Node {
			return layers.SparseDense(scope.In("a"), x[0], 6).Density(0.5).Structure("2:4").Done()
		}, random32(1, 4, 12))
		requireMask(t, store, "/a/dense/weights", 0.5)
		mask := tensors.MustCopyFlatData[bool](store.GetVariable(dstee.Scope + "/a/dense/weights/mask").MustValue())
		for group := range 3 {
			for column := range 6 {
				active := 0
				for row := 4 * group; row < 4*group+4; row++ {
					if mask[6*row+column] {
						active++
					}
				}
				require.Equal(t, 2, active)
			}
		}
	})
	exec := model.MustNewExec(backendtest.One(t), model.NewStore(), func(scope *model.Scope, x *Node) *Node {
		return layers.SparseDense(scope, x, 6).Structure("4:2").Done()
	})
	_, err := exec.Call([][]float32{{1, 2}})
	require.ErrorContains(t, err, `the structure "4:2" must keep at least 1 of each 2 weights`)
}

// A layer used twice in a graph, with one weight, stays right.
func TestSparseLayerShared(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := seeded(t)
		trainer := trainer(backend, store, func(scope *model.Scope, x []*Node) *Node {
			y := layers.SparseDense(uniform(scope).At("layer"), x[0], 10).Density(0.2).Done()
			return layers.SparseDense(uniform(scope).At("layer"), y, 10).Density(0.2).Done()
		})
		for range 3 {
			step(t, trainer, random32(2, 4, 10), random32(1, 4, 10))
		}
		require.Equal(t, 20, nonZeros(valueOf(t, store, "/layer/dense/weights")))
	})
}

func TestSparseLayerPanics(t *testing.T) {
	backend := backendtest.Get(t, "go")
	require.Contains(t, panicOf(t, backend, func(scope *model.Scope, x []*Node) *Node {
		return layers.SparseEmbedding(scope, x[0], 3, 2).Done()
	}, []int32{0}), "a scope of its own")
	require.Contains(t, panicOf(t, backend, func(scope *model.Scope, x []*Node) *Node {
		return layers.SparseEmbedding(scope.In("e"), x[0], 3, 2).Done()
	}, []float32{0}), "integer ids")
	require.Contains(t, panicOf(t, backend, func(scope *model.Scope, x []*Node) *Node {
		return layers.SparseAttention(scope, x[0], x[0], x[0], 2, 3).
			Configure(func(b *attention.MultiHeadAttentionBuilder) { b.UseQKVProjection() }).Done()
	}, random32(1, 2, 3, 4)), "UseQKVProjection")
}

func ExampleSparseDense() {
	store := model.NewStore()
	store.RootScope().SetParam(dstee.ParamDensity, 0.1) // Of every sparse layer that says nothing else.
	network := func(scope *model.Scope, x *Node) *Node {
		x = Tanh(layers.SparseDense(scope.In("hidden"), x, 50).Done())
		return layers.SparseDense(scope.In("output"), x, 10).Density(0.5).Done()
	}
	backend, err := backends.Open("")
	if err != nil {
		panic(err)
	}
	if _, err = model.CallOnce(backend, store, network, [][]float32{make([]float32, 20)}); err != nil {
		panic(err)
	}
	for _, layer := range []string{"/hidden", "/output"} {
		mask := store.GetVariable(dstee.Scope + layer + "/dense/weights/mask")
		active := 0
		for _, on := range tensors.MustCopyFlatData[bool](mask.MustValue()) {
			if on {
				active++
			}
		}
		fmt.Printf("%s: %d of %d\n", layer, active, mask.Shape().Size())
	}
	// Output:
	// /hidden: 100 of 1000
	// /output: 250 of 500
}
