// Package interchange carries sparse models to and from other programs as safetensors files: weights, masks and visits.
//
// [Export] writes the model that a GoMLX store holds, with the variables that package dstee keeps beside its weights;
// [Import] makes a store of the file, from which dstee goes on: masks, visits and the counts of steps and updates are
// the ones exported, to the bit. What belongs to a training run alone is left out: the optimizer's state, random states,
// metrics.
//
// The file has one of two forms. The sparse one, [Sparse], has active weights, and packed where they are; at 98% sparsity it
// takes 2.5% of the dense weights' bytes, visits aside. The dense one, [Dense], has each variable as it is in the store,
// under its path: PyTorch, JAX and numpy load it with one call. docs/interchange.md describes both, with a reader in
// Python.
package interchange
