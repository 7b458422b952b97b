// Package models has networks to train sparse: as they are, made sparse from outside by a dstee.Sparsifier, or built of
// the sparse layers of package layers. Both ways the variables have the same names.
//
// The networks are functions that a GoMLX trainer takes:
//
//	trainer := train.NewTrainer(backend, store, models.LeNet5().Classes(10).Done(), lossFn, optimizer, nil, nil)
//
// [LinkMLP] and [GraphSAGE] predict the links of graphs; all others classify images, see [Classifier].
//
// [Count] says how many parameters and multiplications any GoMLX model has.
package models
