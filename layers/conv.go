package layers

import (
	"slices"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// ConvBuilder configures a convolution, see [Conv] and [SparseConv].
type ConvBuilder struct {
	sparsity[ConvBuilder]
	scope           *model.Scope
	x               *graph.Node
	channels        int
	kernel, strides []int
	padSame, bias   bool
	lowering        Lowering
}

// Conv prepares a convolution of x. Set Channels and KernelSize, then call Done to build it.
//
// x is shaped [batch, <spatial dimensions...>, channels] with one or more spatial dimensions, and so is the output. The
// variables are those of GoMLX's layers.Convolution: <scope>/conv/weights, shaped
// [<kernel dimensions...>, input channels, output channels], and <scope>/conv/biases; so are the initial values. The
// regularizers in the scope's hyperparameters are applied to the weights once (GoMLX v0.28 adds L2 twice).
//
// The layer chooses how the convolution is computed, see [Lowering]: it is fast, and has a gradient, on the pure-Go
// backend, and avoids the shapes that are slow on XLA.
func Conv(scope *model.Scope, x *graph.Node) *ConvBuilder {
	if x.Rank() < 3 {
		exceptions.Panicf("layers.Conv in scope %q needs an input [batch, <spatial dimensions...>, channels], got %s",
			scope.Scope(), x.Shape())
	}
	b := &ConvBuilder{scope: scope, x: x, bias: true}
	b.builder = b
	return b.Strides(1)
}

// SparseConv prepares a convolution as [Conv] does, whose kernel is sparse; biases are dense.
func SparseConv(scope *model.Scope, x *graph.Node) *ConvBuilder {
	b := Conv(scope, x)
	b.sparse = true
	return b
}

// Channels sets the number of output channels. It must be set.
func (b *ConvBuilder) Channels(channels int) *ConvBuilder {
	b.channels = channels
	return b
}

// KernelSize sets the kernel's size: one value for all spatial dimensions, or one for each. It must be set.
func (b *ConvBuilder) KernelSize(sizes ...int) *ConvBuilder {
	b.kernel = perAxis("kernel size", sizes, b.x)
	return b
}

// Strides sets how many positions the kernel moves between outputs: one value for all spatial dimensions, or one for
// each. Default: 1.
func (b *ConvBuilder) Strides(strides ...int) *ConvBuilder {
	b.strides = perAxis("stride", strides, b.x)
	return b
}

// PadSame pads with zeros, (size-1)/2 before and size/2 after for a kernel of that size, so that with stride 1 the
// spatial dimensions of the output are those of the input. Default: no padding.
func (b *ConvBuilder) PadSame() *ConvBuilder {
	b.padSame = true
	return b
}

// Bias says whether to add a learned bias to each output channel. Default: true.
func (b *ConvBuilder) Bias(bias bool) *ConvBuilder {
	b.bias = bias
	return b
}

// Lowering fixes how the convolution is computed. Default: [LoweringAuto].
func (b *ConvBuilder) Lowering(lowering Lowering) *ConvBuilder {
	b.lowering = lowering
	return b
}

// Done builds the layer and returns its output.
func (b *ConvBuilder) Done() *graph.Node {
	if b.channels <= 0 || b.kernel == nil {
		exceptions.Panicf("layers.Conv in scope %q needs Channels (got %d) and KernelSize (got %v)",
			b.scope.Scope(), b.channels, b.kernel)
	}
	g, x := b.x.Graph(), b.x
	dims := x.Shape().Dimensions
	spatial, channels := dims[1:len(dims)-1], dims[len(dims)-1]
	pads := make([][2]int, len(spatial))
	if b.padSame {
		pads = samePads(b.kernel)
	}
	if b.lowering == LoweringConvolve && evenSize(b.kernel) {
		exceptions.Panicf("layers.Conv in scope %q: LoweringConvolve has a wrong gradient for a kernel of even size, here %v; "+
			"use LoweringIm2Col", b.scope.Scope(), b.kernel)
	}
	output := slidingDims(spatial, b.kernel, b.strides, pads)
	if slices.Contains(output, 0) {
		exceptions.Panicf("layers.Conv in scope %q: a kernel of size %v does not fit in an input of shape %s; pad it, or "+
			"take a smaller kernel", b.scope.Scope(), b.kernel, x.Shape())
	}

	scope := b.scope.In("conv")
	kernelDims := append(slices.Clone(b.kernel), channels, b.channels)
	dtype := weightsDType(scope, x)
	weights := scope.VariableWithShape("weights", shapes.Make(dtype, kernelDims...))
	kernel := graph.ConvertDType(b.value(scope, g, weights), x.DType())
	regularize(scope, g, weights)
	lowering := b.lowering
	if lowering == LoweringAuto {
		lowering = chooseLowering(g.Backend().Name(), x.DType(), channels, b.kernel, spatial, output)
	}
	y := convolve(lowering, x, kernel, b.strides, pads, output)
	if b.bias {
		y = addBiases(y, valueAs(x, scope.VariableWithShape("biases", shapes.Make(dtype, b.channels))))
	}
	return y
}

// perAxis gives each spatial axis of x a value: the only one, or its own.
func perAxis(what string, values []int, x *graph.Node) []int {
	axes := x.Rank() - 2
	if len(values) == 1 {
		values = slices.Repeat(values, axes)
	}
	if len(values) != axes || slices.Min(values) < 1 {
		exceptions.Panicf("the %s must be one positive number, or one for each of the %d spatial dimensions of %s, got %v",
			what, axes, x.Shape(), values)
	}
	return values
}
