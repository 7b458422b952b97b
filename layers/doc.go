// Package layers has layers whose weights are sparse, and layers that train on both the XLA and the pure-Go backend
// where GoMLX's own do not, or are slow.
//
// [SparseDense], [SparseConv], [SparseEmbedding] and [SparseAttention] keep the inactive entries of their weights at
// zero. Their options set GoMLX hyperparameters ([dstee.ParamDensity] and so on) in the layer's own scope, and only
// those that are called: the others are inherited from the scopes above, and can be set from the command line as any
// GoMLX hyperparameter. By itself such a layer keeps the random mask it starts with; under a dstee.Sparsifier the mask
// moves.
//
// [Dense], [Conv] and [BatchNorm] name their variables as GoMLX's layers do, and the sparse layers as the dense ones:
// a checkpoint of one loads in the other.
//
// Images are channels-last: [batch, <spatial dimensions...>, channels]. As in GoMLX, functions that build graphs panic
// on wrong arguments, and the panic surfaces as an error of the trainer or executor.
package layers
