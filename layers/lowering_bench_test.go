package layers_test

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/layers"
)

// What each lowering costs on XLA at the convolutions of VGG-19, ResNet-50, ResNet-18, WRN-22-2 and a small network: the
// output alone, the gradient of the kernel alone, and that of the input alone. GFLOP/s tell how far each is from a plain
// matrix multiplication.
func BenchmarkLowering(b *testing.B) {
	for _, c := range []struct{ batch, size, in, out, kernel, stride int }{
		{128, 32, 3, 32, 3, 1}, {128, 16, 32, 64, 3, 1}, {128, 8, 64, 128, 3, 1},
		{32, 32, 64, 64, 3, 1}, {32, 16, 128, 128, 3, 1}, {32, 8, 256, 256, 3, 1}, {32, 4, 512, 512, 3, 1}, {32, 2, 512, 512, 3, 1},
		{16, 32, 64, 64, 3, 1}, {16, 32, 128, 128, 3, 2}, {16, 16, 256, 256, 3, 2}, {16, 8, 512, 512, 3, 2}, {16, 4, 512, 512, 3, 1},
		{16, 32, 64, 256, 1, 1}, {16, 32, 256, 64, 1, 1}, {16, 32, 256, 512, 1, 2}, {16, 8, 1024, 256, 1, 1}, {16, 4, 2048, 512, 1, 1},
		{64, 32, 32, 32, 3, 1}, {64, 16, 64, 128, 3, 2},
	} {
		x, kernel := random32(1, c.batch, c.size, c.size, c.in), random32(2, c.kernel, c.kernel, c.in, c.out)
		outputs := (c.size + c.stride - 1) / c.stride
		weights := random32(3, c.batch, outputs, outputs, c.out)
		flops := 2 * float64(weights.Shape().Size()*c.kernel*c.kernel*c.in)
		for _, lowering := range lowerings {
			for i, what := range []string{"output", "kernel", "input"} {
				b.Run(fmt.Sprintf("%dx%dx%dx%d,to=%d,kernel=%d,stride=%d/%s/%s", c.batch, c.size, c.size, c.in, c.out, c.kernel, c.stride,
					lowering, what), func(b *testing.B) {
					exec := model.MustNewExec(backendtest.Get(b, "xla"), model.NewStore(), func(scope *model.Scope, inputs []*Node) *Node {
						feed(scope, "conv/weights", inputs[1])
						y := layers.Conv(scope, inputs[0]).Channels(c.out).KernelSize(c.kernel).Strides(c.stride).PadSame().
							Bias(false).Lowering(lowering).Done()
						if what == "output" {
							return y
						}
						return Gradient(ReduceAllSum(Mul(y, inputs[2])), inputs[2-i])[0] // XLA leaves out the forward pass.
					})
					call := func() { finalize(exec.MustCall(x, kernel, weights)) }
					call() // Compiles.
					for b.Loop() {
						call()
					}
					b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
		}
	}
}

func finalize(outputs []*tensors.Tensor) {
	for _, output := range outputs {
		output.MustFinalizeAll()
	}
}
