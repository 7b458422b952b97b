package layers

import (
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// PoolBuilder configures a pooling, see [MaxPool] and [AvgPool].
type PoolBuilder struct {
	name            string
	x               *graph.Node
	window, strides []int
	padSame         bool
	poolAxis        func(x *graph.Node, axis int, slide slide) *graph.Node
}

// slide is how a window slides over one axis.
type slide struct {
	window, stride, output int
	pad                    [2]int
}

// MaxPool prepares the largest element of each window of x. Set Window, then call Done to build it.
//
// x is shaped [batch, <spatial dimensions...>, channels], and so is the output. The gradient goes to the first of
// equal elements. Values are those of GoMLX's MaxPool, whose gradient the pure-Go backend lacks; on XLA's CPU the
// gradient of this one is an order of magnitude faster.
func MaxPool(x *graph.Node) *PoolBuilder { return newPool("MaxPool", x, maxAxis) }

// AvgPool prepares the mean of each window of x. Set Window, then call Done to build it.
//
// x is shaped [batch, <spatial dimensions...>, channels], and so is the output. Padding does not count: at the edges the
// mean is that of the elements inside. Values are those of GoMLX's MeanPool.
func AvgPool(x *graph.Node) *PoolBuilder { return newPool("AvgPool", x, meanAxis) }

func newPool(name string, x *graph.Node, poolAxis func(*graph.Node, int, slide) *graph.Node) *PoolBuilder {
	if x.Rank() < 3 {
		exceptions.Panicf("layers.%s needs an input [batch, <spatial dimensions...>, channels], got %s", name, x.Shape())
	}
	return &PoolBuilder{name: name, x: x, poolAxis: poolAxis}
}

// Window sets the size of the window: one value for all spatial dimensions, or one for each. It must be set.
func (b *PoolBuilder) Window(sizes ...int) *PoolBuilder {
	b.window = perAxis("window", sizes, b.x)
	return b
}

// Strides sets how many positions the window moves between outputs: one value for all spatial dimensions, or one for
// each. Default: the window's size, or 1 with PadSame.
func (b *PoolBuilder) Strides(strides ...int) *PoolBuilder {
	b.strides = perAxis("stride", strides, b.x)
	return b
}

// PadSame pads, (size-1)/2 before and size/2 after for a window of that size, so that with stride 1 the spatial
// dimensions of the output are those of the input. Default: no padding, elements left over at the end are ignored.
func (b *PoolBuilder) PadSame() *PoolBuilder {
	b.padSame = true
	return b
}

// Done builds the pooling and returns its output.
func (b *PoolBuilder) Done() *graph.Node {
	x, strides := b.x, b.strides
	if b.window == nil {
		exceptions.Panicf("layers.%s needs a Window", b.name)
	}
	pads := make([][2]int, len(b.window))
	if b.padSame {
		pads = samePads(b.window)
	}
	switch {
	case strides != nil:
	case b.padSame:
		strides = slices.Repeat([]int{1}, len(b.window))
	default:
		strides = b.window
	}
	spatial := x.Shape().Dimensions[1 : x.Rank()-1]
	output := slidingDims(spatial, b.window, strides, pads)
	if slices.Contains(output, 0) {
		exceptions.Panicf("layers.%s: a window of size %v does not fit in an input of shape %s; pad it, or take a smaller "+
			"window", b.name, b.window, x.Shape())
	}
	// One axis after the other takes the sum of the windows' sizes in operations, not their product. The last goes first
	// so that the first of equal elements is first in row-major order, as in XLA.
	for i := len(b.window) - 1; i >= 0; i-- {
		x = b.poolAxis(x, i+1, slide{b.window[i], strides[i], output[i], pads[i]})
	}
	return x
}

func maxAxis(x *graph.Node, axis int, s slide) *graph.Node {
	// A window that reaches beyond an edge holds the edge: copies of it do not change the maximum, and unlike -Inf they
	// have a finite gradient.
	first := graph.SliceAxis(x, axis, graph.AxisRange(0, 1))
	last := graph.SliceAxis(x, axis, graph.AxisRangeToEnd(-1))
	return s.combine(padWith(x, axis, s.pad, first, last), axis, maximum)
}

func meanAxis(x *graph.Node, axis int, s slide) *graph.Node {
	sum := s.combine(padZeros(x, axis, s.pad), axis, graph.Add)
	shares := make([]float64, s.output)
	for o := range shares {
		start := o*s.stride - s.pad[0]
		shares[o] = 1 / float64(min(start+s.window, x.Shape().Dim(axis))-max(start, 0))
	}
	dims := slices.Repeat([]int{1}, x.Rank())
	dims[axis] = s.output
	return graph.Mul(sum, graph.Reshape(graph.ConstAsDType(x.Graph(), x.DType(), shares), dims...))
}

// combine applies op to the elements of each window over an axis of the padded x, from left to right.
func (s slide) combine(x *graph.Node, axis int, op func(a, b *graph.Node) *graph.Node) *graph.Node {
	result := graph.SliceAxis(x, axis, strided(0, s.output, s.stride))
	for start := 1; start < s.window; start++ {
		result = op(result, graph.SliceAxis(x, axis, strided(start, s.output, s.stride)))
	}
	return result
}
