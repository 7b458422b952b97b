// Package datasets has images with labels for training and evaluation, and serves them as GoMLX data sets.
//
// A [Split] is a set of images in memory; [Digits] returns the two of the embedded hand-written digits. [Batches]
// serves a split for training, for ever, shuffled anew each epoch: its batches are a function of the seed and the step
// alone, so that a run resumes anywhere. [Evaluation] serves a split once, in order.
package datasets
