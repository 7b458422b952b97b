package layers

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Lowering is a way to express a convolution in graph operations. All give the same values, up to rounding.
type Lowering int

const (
	// LoweringAuto picks one of the others by backend and shapes.
	LoweringAuto Lowering = iota

	// LoweringConvolve is the backend's own convolution. It is refused for kernels of even size, for which GoMLX v0.28.2
	// has a wrong gradient.
	LoweringConvolve

	// LoweringIm2Col concatenates the input shifted to each position of the kernel, for one matrix multiplication. It
	// takes memory of the size of the output's positions times the kernel's positions times the input's channels.
	LoweringIm2Col

	// LoweringShifted adds up one matrix multiplication per position of the kernel, each of the input shifted to it.
	LoweringShifted
)

// String returns the lowering's name: "auto", "convolve", "im2col" or "shifted".
func (l Lowering) String() string {
	return [...]string{"auto", "convolve", "im2col", "shifted"}[l]
}

// chooseLowering picks the lowering of a convolution, from the backend's name, the number of input channels, and the
// spatial dimensions of kernel, input and output. The choices were measured, forward and backward, on CPU:
//
//   - A kernel of one position is a matrix multiplication.
//   - Kernels of even size exclude the backend's convolution, see [LoweringConvolve].
//   - The pure-Go backend's convolution is 6-40 times slower than matrix multiplications. Few channels make matrices too
//     narrow for it, unless im2col puts them together; half-precision sums stay exact longer inside one multiplication
//     than between several.
//   - XLA swaps input and kernel when the kernel is the larger one, and has no fast code for the result: a 3x3 kernel on
//     a 2x2 image, forward or as gradient of a strided convolution, takes 20-80 times longer than im2col with hundreds of
//     channels.
//
// Elsewhere XLA's convolution is about as fast as a plain multiplication of matrices, forward and for the gradient of the
// input, but for kernels of many channels, which it has to reverse. For the gradient of the kernel it transposes both its
// operands and reaches less than half of that; the other lowerings are seldom faster there, see BenchmarkLowering.
func chooseLowering(backend string, dtype dtypes.DType, channels int, kernel, input, output []int) Lowering {
	switch {
	case product(kernel) == 1:
		return LoweringShifted
	case backend != "xla" && (channels < fewChannels || dtype.IsHalfPrecision()):
		return LoweringIm2Col
	case backend != "xla":
		return LoweringShifted
	case evenSize(kernel), product(kernel) > min(product(input), product(output)):
		return LoweringIm2Col
	default:
		return LoweringConvolve
	}
}

// evenSize tells whether the kernel has an even dimension.
func evenSize(kernel []int) bool {
	return slices.ContainsFunc(kernel, func(size int) bool { return size%2 == 0 })
}

// convolve lowers the convolution of x [batch, <spatial...>, channels] by kernel [<spatial...>, channels, outputs] to
// [batch, <output...>, outputs].
func convolve(lowering Lowering, x, kernel *graph.Node, strides []int, pads [][2]int, output []int) *graph.Node {
	if lowering == LoweringConvolve {
		return graph.Convolve(x, kernel).StridePerAxis(strides...).PaddingPerDim(pads).Done()
	}
	spatial := kernel.Rank() - 2
	channels, outputs := kernel.Shape().Dim(-2), kernel.Shape().Dim(-1)
	for i, pad := range pads {
		x = padZeros(x, i+1, pad)
	}
	positions := kernelPositions(kernel.Shape().Dimensions[:spatial])
	// windows are the elements of an input that each position of the kernel meets; its spatial axes start at first.
	windows := func(x *graph.Node, first int) []*graph.Node {
		parts := make([]*graph.Node, len(positions))
		for p, position := range positions {
			spec := slices.Repeat([]graph.SliceAxisSpec{graph.AxisRange()}, x.Rank())
			for i, start := range position {
				spec[first+i] = strided(start, output[i], strides[i])
			}
			parts[p] = graph.Slice(x, spec...)
		}
		return parts
	}

	if lowering == LoweringIm2Col {
		kernel = graph.Reshape(kernel, len(positions)*channels, outputs)
		if !onXLA(x) && channels < fewChannels {
			return convolveColumns(x, kernel, func(x *graph.Node) []*graph.Node { return windows(x, 2) })
		}
		return matMul(graph.Concatenate(windows(x, 1), -1), kernel)
	}
	parts := windows(x, 1)
	var sum *graph.Node
	for p, position := range positions {
		spec := make([]graph.SliceAxisSpec, spatial)
		for i, at := range position {
			spec[i] = graph.AxisRange(at, at+1)
		}
		term := matMul(parts[p], graph.Reshape(graph.Slice(kernel, spec...), channels, outputs))
		if sum == nil {
			sum = term
		} else {
			sum = graph.Add(sum, term)
		}
	}
	return sum
}

// kernelPositions lists the positions of a kernel in row-major order.
func kernelPositions(kernel []int) [][]int {
	positions := [][]int{{}}
	for _, size := range kernel {
		var longer [][]int
		for _, prefix := range positions {
			for at := range size {
				longer = append(longer, append(slices.Clone(prefix), at))
			}
		}
		positions = longer
	}
	return positions
}

// strided takes count elements of an axis, stride apart.
func strided(start, count, stride int) graph.SliceAxisSpec {
	return graph.AxisRange(start, start+(count-1)*stride+1).Stride(stride)
}

// padZeros adds zeros before and after x on an axis. GoMLX's Pad has no gradient.
func padZeros(x *graph.Node, axis int, pad [2]int) *graph.Node {
	dims := slices.Clone(x.Shape().Dimensions)
	dims[axis] = 1
	zeros := graph.Zeros(x.Graph(), shapes.Make(x.DType(), dims...))
	return padWith(x, axis, pad, zeros, zeros)
}

// padWith repeats first before x, and last after x, on an axis where they have dimension 1.
func padWith(x *graph.Node, axis int, pad [2]int, first, last *graph.Node) *graph.Node {
	if pad == [2]int{} {
		return x
	}
	parts := slices.Repeat([]*graph.Node{first}, pad[0])
	parts = append(parts, x)
	return graph.Concatenate(append(parts, slices.Repeat([]*graph.Node{last}, pad[1])...), axis)
}

// samePads are the paddings that keep a size with stride 1; an even window has one more at the end, as in GoMLX.
func samePads(window []int) [][2]int {
	pads := make([][2]int, len(window))
	for i, size := range window {
		pads[i] = [2]int{(size - 1) / 2, size / 2}
	}
	return pads
}

// slidingDims are the numbers of positions of a window that slides over the spatial dimensions; 0 or less if it does
// not fit.
func slidingDims(spatial, window, strides []int, pads [][2]int) []int {
	dims := make([]int, len(spatial))
	for i := range spatial {
		if room := spatial[i] + pads[i][0] + pads[i][1] - window[i]; room >= 0 {
			dims[i] = room/strides[i] + 1
		}
	}
	return dims
}
