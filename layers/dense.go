package layers

import (
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// DenseBuilder configures a linear layer, see [Dense] and [SparseDense].
type DenseBuilder struct {
	sparsity[DenseBuilder]
	scope      *model.Scope
	x          *graph.Node
	outputDims []int
	bias       bool
}

// Dense prepares a linear layer x·W + b. Call Done to build it.
//
// x is shaped [<batch dimensions...>, features] and the output [<batch dimensions...>, <outputDims...>]. The variables
// are those of GoMLX's layers.Dense: <scope>/dense/weights, shaped [features, product of outputDims], and
// <scope>/dense/biases; so are the regularizers, taken from the scope's hyperparameters, and the initial values.
//
// Unlike GoMLX's it runs on the pure-Go backend in bfloat16 and float16 too.
func Dense(scope *model.Scope, x *graph.Node, outputDims ...int) *DenseBuilder {
	if x.Rank() == 0 {
		exceptions.Panicf("layers.Dense in scope %q needs an input of rank 1 or more, got %s", scope.Scope(), x.Shape())
	}
	if len(outputDims) == 0 {
		exceptions.Panicf("layers.Dense in scope %q needs at least one output dimension, 1 for a scalar output", scope.Scope())
	}
	b := &DenseBuilder{scope: scope, x: x, outputDims: outputDims, bias: true}
	b.builder = b
	return b
}

// SparseDense prepares a linear layer as [Dense] does, whose weights are sparse; biases are dense.
func SparseDense(scope *model.Scope, x *graph.Node, outputDims ...int) *DenseBuilder {
	b := Dense(scope, x, outputDims...)
	b.sparse = true
	return b
}

// Bias says whether to add a learned bias. Default: true.
func (b *DenseBuilder) Bias(bias bool) *DenseBuilder {
	b.bias = bias
	return b
}

// Done builds the layer and returns its output.
func (b *DenseBuilder) Done() *graph.Node {
	g, scope := b.x.Graph(), b.scope.In("dense")
	dtype, features := weightsDType(scope, b.x), b.x.Shape().Dim(-1)
	outputs := product(b.outputDims)
	weights := scope.VariableWithShape("weights", shapes.Make(dtype, features, outputs))
	y := matMul(gradientByFeatures(b.x, outputs), graph.ConvertDType(b.value(scope, g, weights), b.x.DType()))
	regularize(scope, g, weights)
	if b.bias {
		y = addBiases(y, valueAs(b.x, scope.VariableWithShape("biases", shapes.Make(dtype, outputs))))
	}
	if len(b.outputDims) > 1 {
		dims := append([]int{}, b.x.Shape().Dimensions[:b.x.Rank()-1]...)
		y = graph.Reshape(y, append(dims, b.outputDims...)...)
	}
	return y
}

func product(dims []int) int {
	size := 1
	for _, dim := range dims {
		size *= dim
	}
	return size
}
