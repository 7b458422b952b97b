package layers

import "github.com/gomlx/gomlx/core/graph"

// fewChannels is the number of input channels below which im2col on the pure-Go backend lays the windows out as rows of
// positions, not of channels: the backend copies whole rows, and its vector kernels take 16 numbers at a time.
const fewChannels = 16

// convolveColumns convolves x [batch, <spatial...>, channels] by kernel [positions·channels, outputs] to
// [batch, <output...>, outputs], as im2col with everything transposed: kernelᵀ times a matrix whose rows are the numbers
// that one weight meets. windows takes, of an input [channels, batch, <spatial...>], the elements that each position of the
// kernel meets, [channels, batch, <output...>] each.
func convolveColumns(x, kernel *graph.Node, windows func(x *graph.Node) []*graph.Node) *graph.Node {
	last := x.Rank() - 1
	parts := windows(graph.TransposeAllAxes(x, rotated(last, x.Rank())...))
	dims := parts[0].Shape().Dimensions[1:]
	columns := graph.Reshape(graph.Concatenate(parts, 0), kernel.Shape().Dim(0), -1)
	y := withGradient(
		func(inputs []*graph.Node) *graph.Node { return graph.MatMul(inputs[0], inputs[1]) },
		func(inputs []*graph.Node, _, v *graph.Node) []*graph.Node {
			weights, columns := inputs[0], inputs[1]
			return []*graph.Node{
				graph.Dot(v, columns).General([]int{1}, nil, []int{1}, nil),
				graph.MatMul(graph.Transpose(weights, 0, 1), v),
			}
		}, graph.Transpose(kernel, 0, 1), columns) // [outputs, batch·output]
	y = graph.Reshape(y, append([]int{kernel.Shape().Dim(1)}, dims...)...)
	return graph.TransposeAllAxes(y, rotated(1, x.Rank())...)
}

// rotated lists n axes, the one named first and then on from it, around the end.
func rotated(first, n int) []int {
	axes := make([]int, n)
	for i := range axes {
		axes[i] = (first + i) % n
	}
	return axes
}
