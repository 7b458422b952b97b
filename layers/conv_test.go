package layers_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	gomlx "github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/regularizer"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/layers"
)

var lowerings = []layers.Lowering{layers.LoweringConvolve, layers.LoweringIm2Col, layers.LoweringShifted}

type convTest struct {
	name            string
	input           []int
	kernel, strides []int
	same            bool
}

var convTests = []convTest{
	{"1D", []int{2, 7, 3}, []int{3}, []int{1}, false},
	{"2D same", []int{2, 6, 5, 3}, []int{3, 3}, []int{1, 1}, true},
	{"strided, elements left over", []int{2, 8, 7, 3}, []int{3, 1}, []int{2, 4}, false},
	{"strided same", []int{2, 7, 6, 3}, []int{3, 3}, []int{2, 2}, true},
	{"even kernel", []int{2, 5, 5, 3}, []int{2, 4}, []int{1, 2}, true},
	{"one position, strided", []int{2, 5, 4, 3}, []int{1, 1}, []int{2, 2}, false},
	{"kernel larger than image", []int{2, 2, 2, 3}, []int{3, 3}, []int{1, 1}, true},
	{"3D", []int{1, 4, 3, 4, 2}, []int{1, 3, 3}, []int{1, 1, 2}, true},
	{"many channels", []int{1, 3, 4, 16}, []int{3, 2}, []int{1, 1}, true},
}

const convChannels = 4

// kernelDims is the shape of the test's weights.
func (test convTest) kernelDims() []int {
	return append(append([]int{}, test.kernel...), test.input[len(test.input)-1], convChannels)
}

// lowerings are those that the test's kernel admits.
func (test convTest) lowerings() []layers.Lowering {
	for _, size := range test.kernel {
		if size%2 == 0 {
			return lowerings[1:]
		}
	}
	return lowerings
}

// conv is the layer of the test, in its own scope, with inputs x, kernel and biases.
func (test convTest) conv(scope *model.Scope, lowering layers.Lowering, inputs []*Node) *Node {
	feed(scope, "conv/weights", inputs[1])
	feed(scope, "conv/biases", inputs[2])
	b := layers.Conv(scope, inputs[0]).Channels(convChannels).KernelSize(test.kernel...).Strides(test.strides...).
		Lowering(lowering)
	if test.same {
		b.PadSame()
	}
	return b.Done()
}

// gomlx is GoMLX's layer.
func (test convTest) gomlx(scope *model.Scope, inputs []*Node) *Node {
	feed(scope, "conv/weights", inputs[1])
	feed(scope, "conv/biases", inputs[2])
	b := gomlx.Convolution(scope, inputs[0]).Channels(convChannels).KernelSizePerAxis(test.kernel...).
		StridePerAxis(test.strides...)
	if test.same {
		b.PadSame()
	}
	return b.Done()
}

// Values are GoMLX's, and gradients the same, whatever the lowering and the backend.
func TestConvLowerings(t *testing.T) {
	for _, test := range convTests {
		t.Run(test.name, func(t *testing.T) {
			requireBackendsAgree(t, 1e-4, func(t *testing.T, backend compute.Backend) map[string][]float64 {
				choices := test.lowerings()
				if backend.Name() == "xla" && test.name != "strided same" {
					choices = []layers.Lowering{layers.LoweringAuto} // XLA takes long to compile; pure Go has seen the others.
				}
				outputs, err := model.CallOnceN(backend, model.NewStore(), func(scope *model.Scope, inputs []*Node) []*Node {
					outputs := []*Node{test.gomlx(scope.In("gomlx"), inputs)}
					for _, lowering := range choices {
						y := test.conv(scope.In("%s", lowering), lowering, inputs)
						outputs = append(outputs, y)
						outputs = append(outputs, Gradient(ReduceAllSum(Square(y)), inputs...)...)
					}
					return outputs
				}, random32(1, test.input...), random32(2, test.kernelDims()...), random32(3, convChannels))
				require.NoError(t, err)
				want := outputs[:5] // GoMLX's output, then output and gradients of the first lowering.
				for i, lowering := range choices {
					got := outputs[1+4*i:]
					require.Equal(t, want[0].Shape(), got[0].Shape())
					requireClose(t, flat(want[0]), flat(got[0]), 1e-5, lowering.String()+" output")
					for j, input := range []string{"input", "kernel", "biases"} {
						requireClose(t, flat(want[2+j]), flat(got[1+j]), 1e-4, lowering.String()+" gradient of "+input)
					}
				}
				return map[string][]float64{
					"output": flat(want[1]), "gradient of input": flat(want[2]), "gradient of kernel": flat(want[3]),
				}
			})
		})
	}
}

// That gradients are right at all is a matter of the graph, not of the backend.
func TestConvGradient(t *testing.T) {
	pureGo(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range convTests {
			for _, lowering := range test.lowerings() {
				t.Run(test.name+"/"+lowering.String(), func(t *testing.T) {
					requireGradient(t, backend, func(scope *model.Scope, inputs []*Node) *Node {
						return test.conv(scope, lowering, inputs)
					}, random(1, test.input...), random(2, test.kernelDims()...), random(3, convChannels))
				})
			}
		}
	})
}

func TestConvVariablesAreGoMLXs(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		x := random32(1, 1, 5, 4, 3)
		ours, theirs := seeded(t), seeded(t)
		want := call(t, backend, theirs, func(scope *model.Scope, inputs []*Node) *Node {
			return gomlx.Convolution(uniform(scope), inputs[0]).Channels(2).KernelSize(3).Done()
		}, x)
		got := call(t, backend, ours, func(scope *model.Scope, inputs []*Node) *Node {
			return layers.Conv(uniform(scope), inputs[0]).Channels(2).KernelSize(3).Done()
		}, x)
		requireClose(t, flat(want), flat(got), 1e-5, "output")
		require.Equal(t, trainable(theirs), trainable(ours))
		require.Equal(t, valueOf(t, theirs, "/conv/weights"), valueOf(t, ours, "/conv/weights"))
	})
}

func TestConvRegularizesOnce(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := model.NewStore()
		store.RootScope().SetParam(regularizer.ParamL2, 0.5)
		x := tensors.FromFlatDataAndDimensions(make([]float32, 9), 1, 3, 3, 1)
		train := trainer(backend, store, func(scope *model.Scope, inputs []*Node) *Node {
			// Without input and bias the loss is the regularization alone, 0.5·Σw² of 12 ones.
			return layers.Conv(scope.WithInitializer(Ones), inputs[0]).Channels(3).KernelSize(2).Bias(false).Done()
		})
		require.InDelta(t, 6, step(t, train, tensors.FromFlatDataAndDimensions(make([]float32, 12), 1, 2, 2, 3), x), 1e-5)
	})
}

// Convolution, pooling and linear layer, forward and backward.
func TestHalfPrecision(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		outputs, err := model.CallOnceN(backend, model.NewStore(), func(scope *model.Scope, inputs []*Node) (outputs []*Node) {
			for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16, dtypes.Float16} {
				scope := scope.In("%s", dtype).WithInitializer(Ones)
				feed(scope, "conv/weights", ConvertDType(inputs[1], dtype))
				y := layers.Conv(scope, ConvertDType(inputs[0], dtype)).Channels(4).KernelSize(3).PadSame().Done()
				y = layers.MaxPool(y).Window(2).Done()
				y = layers.AvgPool(y).Window(3).PadSame().Done()
				y = layers.SparseDense(scope, y, 2).Density(1).Done()
				require.Equal(t, dtype, y.DType())
				y = ConvertDType(y, dtypes.Float32)
				outputs = append(outputs, y, Gradient(ReduceAllSum(y), inputs[1])[0])
			}
			return outputs
		}, random32(1, 2, 6, 6, 3), random32(2, 3, 3, 3, 4))
		require.NoError(t, err)
		for i, name := range []string{"output", "gradient"} {
			// Rounding moves some maxima to other elements, with their gradient.
			requireClose(t, flat(outputs[i]), flat(outputs[2+i]), 0.1, "bfloat16 "+name)
			requireClose(t, flat(outputs[i]), flat(outputs[4+i]), 0.02, "float16 "+name)
		}
	})
}

func TestConvPanics(t *testing.T) {
	backend := backendtest.Get(t, "go")
	image := tensors.FromFlatDataAndDimensions(make([]float32, 16), 1, 4, 4, 1)
	for want, configure := range map[string]func(b *layers.ConvBuilder){
		"needs Channels":              func(b *layers.ConvBuilder) { b.KernelSize(3) },
		"KernelSize (got [])":         func(b *layers.ConvBuilder) { b.Channels(3) },
		"kernel size must be one":     func(b *layers.ConvBuilder) { b.Channels(3).KernelSize(1, 2, 3) },
		"stride must be one positive": func(b *layers.ConvBuilder) { b.Channels(3).KernelSize(3).Strides(0) },
		"does not fit":                func(b *layers.ConvBuilder) { b.Channels(3).KernelSize(5) },
		"wrong gradient":              func(b *layers.ConvBuilder) { b.Channels(3).KernelSize(2).Lowering(layers.LoweringConvolve) },
		"density of a layer must be":  func(b *layers.ConvBuilder) { b.Channels(3).KernelSize(3).Density(0) },
	} {
		require.Contains(t, panicOf(t, backend, func(scope *model.Scope, x []*Node) *Node {
			b := layers.Conv(scope, x[0])
			configure(b)
			return b.Done()
		}, image), want)
	}
	require.Contains(t, panicOf(t, backend, func(scope *model.Scope, x []*Node) *Node {
		return layers.Conv(scope, x[0]).Channels(1).KernelSize(1).Done()
	}, [][]float32{{1}}), "[batch, <spatial dimensions...>, channels]")
}

// What each lowering costs, forward and backward: the measurements that chooseLowering rests on.
func BenchmarkConv(b *testing.B) {
	for _, shape := range []struct{ size, channels, kernel, stride int }{
		{28, 1, 5, 1}, {16, 32, 3, 1}, {8, 64, 3, 2}, {8, 64, 1, 1}, {4, 128, 3, 2}, {2, 256, 3, 1},
	} {
		for _, backend := range []string{"xla", "go"} {
			for _, lowering := range lowerings {
				name := fmt.Sprintf("%dx%dx%d,kernel=%d,stride=%d/%s/%s", shape.size, shape.size, shape.channels, shape.kernel,
					shape.stride, backend, lowering)
				b.Run(name, func(b *testing.B) {
					x := random32(1, 32, shape.size, shape.size, shape.channels)
					kernel := random32(2, shape.kernel, shape.kernel, shape.channels, 2*shape.channels)
					exec := model.MustNewExec(backendtest.Get(b, backend), model.NewStore(), func(scope *model.Scope, inputs []*Node) []*Node {
						feed(scope, "conv/weights", inputs[1])
						y := layers.Conv(scope, inputs[0]).Channels(2 * shape.channels).KernelSize(shape.kernel).
							Strides(shape.stride).PadSame().Bias(false).Lowering(lowering).Done()
						return Gradient(ReduceAllSum(Square(y)), inputs...)
					})
					exec.MustCall(x, kernel) // Compiles.
					for b.Loop() {
						exec.MustCall(x, kernel)[0].MustFinalizeAll()
					}
				})
			}
		}
	}
}
