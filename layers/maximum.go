package layers

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// Relu is max(x, 0), elementwise. Values and gradients are those of GoMLX's activation.Relu: at 0 the gradient passes.
// On the pure-Go backend its gradient is an order of magnitude faster.
func Relu(x *graph.Node) *graph.Node {
	if onXLA(x) {
		return graph.Max(x, graph.ZerosLike(x))
	}
	return withGradient(
		func(inputs []*graph.Node) *graph.Node { return graph.MaxScalar(inputs[0], 0) },
		func(inputs []*graph.Node, y, v *graph.Node) []*graph.Node {
			return []*graph.Node{graph.Sub(v, graph.Mul(v, exceeds(y, inputs[0])))}
		}, x)
}

// maximum is the larger of a and b, elementwise. The gradient of equal elements goes to a.
func maximum(a, b *graph.Node) *graph.Node {
	if onXLA(a) {
		return graph.Max(a, b)
	}
	return withGradient(
		func(inputs []*graph.Node) *graph.Node { return graph.Max(inputs[0], inputs[1]) },
		func(inputs []*graph.Node, y, v *graph.Node) []*graph.Node {
			second := graph.Mul(v, exceeds(y, inputs[0]))
			return []*graph.Node{graph.Sub(v, second), second}
		}, a, b)
}

// exceeds is 1 where y is larger than a, which it must be or equal a, and 0 elsewhere. GoMLX's gradients compare by signs,
// with branches that a CPU cannot predict: the pure-Go backend takes ten times as long for them.
func exceeds(y, a *graph.Node) *graph.Node {
	largest := math.MaxFloat64
	switch y.DType() {
	case dtypes.Float64:
	case dtypes.Float32:
		largest = math.MaxFloat32
	default: // Half precision.
		return graph.ConvertDType(graph.GreaterThan(y, a), y.DType())
	}
	// Any difference times the largest number is above 0, be it as small as numbers get.
	return graph.Ceil(graph.MinScalar(graph.MulScalar(graph.Sub(y, a), largest), 1))
}
