package layers

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// EmbeddingBuilder configures an embedding, see [SparseEmbedding].
type EmbeddingBuilder struct {
	sparsity[EmbeddingBuilder]
	scope           *model.Scope
	ids             *graph.Node
	vocabulary, dim int
	dtype           dtypes.DType
}

// SparseEmbedding prepares the look-up of ids in a sparse table of embeddings. Call Done to build it.
//
// ids are integers in [0, vocabulary), not checked, shaped [<dimensions...>] or [<dimensions...>, 1]; the output is
// shaped [<dimensions...>, dim]. The variable is that of GoMLX's layers.Embedding: <scope>/embeddings, shaped
// [vocabulary, dim], directly in the given scope; give the layer a scope of its own.
func SparseEmbedding(scope *model.Scope, ids *graph.Node, vocabulary, dim int) *EmbeddingBuilder {
	if !ids.DType().IsInt() {
		exceptions.Panicf("layers.SparseEmbedding in scope %q needs integer ids, got %s", scope.Scope(), ids.Shape())
	}
	if scope.Scope() == model.RootScopePath {
		exceptions.Panicf("layers.SparseEmbedding needs a scope of its own: in the root scope its options would hold for the " +
			"whole model; pass scope.In(\"embedding\")")
	}
	b := &EmbeddingBuilder{scope: scope, ids: ids, vocabulary: vocabulary, dim: dim, dtype: dtypes.Float32}
	b.builder, b.sparse = b, true
	return b
}

// DType sets the dtype of the table and of the output. Default: float32.
func (b *EmbeddingBuilder) DType(dtype dtypes.DType) *EmbeddingBuilder {
	b.dtype = dtype
	return b
}

// Done builds the layer and returns its output.
func (b *EmbeddingBuilder) Done() *graph.Node {
	ids := b.ids
	if ids.IsScalar() || ids.Shape().Dim(-1) != 1 {
		ids = graph.InsertAxes(ids, -1)
	}
	table := b.scope.VariableWithShape("embeddings", shapes.Make(b.dtype, b.vocabulary, b.dim))
	return graph.Gather(b.value(b.scope, ids.Graph(), table), ids)
}
