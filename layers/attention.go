package layers

import (
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/attention"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// AttentionBuilder configures an attention layer, see [SparseAttention].
type AttentionBuilder struct {
	sparsity[AttentionBuilder]
	scope                    *model.Scope
	query, key, values       *graph.Node
	heads, keyHeads, headDim int
	outputDim                int
	bias                     bool
	configure                func(*attention.MultiHeadAttentionBuilder)
}

// SparseAttention prepares GoMLX's multi-head attention with sparse weights in the projections of query, key, value and
// output. Call Done to build it.
//
// query is shaped [batch, <query positions...>, features], key and value [batch, <key positions...>, features], with
// features of their own; the output is shaped [batch, <query positions...>, output dimension]. The variables are those of
// attention.MultiHeadAttention: <scope>/MultiHeadAttention/{query,key,value,output}/dense/{weights,biases}, with the
// same initial values.
func SparseAttention(scope *model.Scope, query, key, value *graph.Node, heads, headDim int) *AttentionBuilder {
	b := &AttentionBuilder{
		scope: scope, query: query, key: key, values: value, heads: heads, keyHeads: heads, headDim: headDim,
		outputDim: value.Shape().Dim(-1), bias: true,
	}
	b.builder, b.sparse = b, true
	return b
}

// KeyHeads sets the number of heads of key and value, a divisor of the number of heads, for grouped-query attention.
// Default: as many as heads.
func (b *AttentionBuilder) KeyHeads(heads int) *AttentionBuilder {
	b.keyHeads = heads
	return b
}

// OutputDim sets the output's last dimension. Default: that of value.
func (b *AttentionBuilder) OutputDim(dim int) *AttentionBuilder {
	b.outputDim = dim
	return b
}

// Bias says whether to add learned biases to the projections. Default: true.
func (b *AttentionBuilder) Bias(bias bool) *AttentionBuilder {
	b.bias = bias
	return b
}

// Configure calls f with GoMLX's builder before the layer is built, to set whatever does not change the shape of
// weights: masks, dropout, positional encoding and so on.
func (b *AttentionBuilder) Configure(f func(*attention.MultiHeadAttentionBuilder)) *AttentionBuilder {
	b.configure = f
	return b
}

// Done builds the layer and returns its output.
func (b *AttentionBuilder) Done() *graph.Node {
	gomlx := attention.MultiHeadAttention(b.scope, b.query, b.key, b.values, b.heads, b.headDim).
		WithNumKVHeads(b.keyHeads).WithOutputDim(b.outputDim).UseProjectionBias(b.bias)
	if b.configure != nil {
		b.configure(gomlx)
	}

	// GoMLX's layer takes whatever value its variables have in the graph: they are created here in its order, so that
	// the initial values are the same, and masked before it sees them.
	g, scope := b.query.Graph(), b.scope.At("MultiHeadAttention")
	stored := map[*model.Variable]*graph.Node{}
	for _, projection := range []struct {
		name            string
		inputs, outputs int
	}{
		{"key", b.key.Shape().Dim(-1), b.keyHeads * b.headDim},
		{"query", b.query.Shape().Dim(-1), b.heads * b.headDim},
		{"value", b.values.Shape().Dim(-1), b.keyHeads * b.headDim},
		{"output", b.heads * b.headDim, b.outputDim},
	} {
		own := scope.At("%s", projection.name).At("dense")
		weights := own.VariableWithShape("weights", shapes.Make(b.query.DType(), projection.inputs, projection.outputs))
		if b.bias {
			own.VariableWithShape("biases", shapes.Make(b.query.DType(), projection.outputs))
		}
		stored[weights] = weights.NodeValue(g)
		masked := b.value(own, g, weights)
		if !scope.Store().VariablesAsConst() { // Constants stay; they are stored sparse.
			weights.SetNodeValue(masked)
		}
	}
	output := gomlx.Done()
	if !scope.IsTraining(g) && !scope.Store().VariablesAsConst() {
		for weights, value := range stored {
			weights.SetNodeValue(value) // Evaluation changes no variable.
		}
	}

	for v := range scope.IterVariables() {
		if v.Trainable && v.Shape().Rank() >= 2 && stored[v] == nil {
			exceptions.Panicf("layers.SparseAttention cannot make %q sparse: leave out the option that creates it "+
				"(UseQKVProjection) in Configure", v.Path())
		}
	}
	return output
}
