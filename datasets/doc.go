// Package datasets reads data sets, checks them, and serves them as GoMLX data sets.
//
// [Open] opens one by name from a folder as a [Set] of [Examples] to train with, to choose by and to test with; [Fetch]
// downloads its files before. The examples are a [Split] of images in memory, a [Folder] of images on disk, [Links] of a
// graph, or a part of others: [Subset], [OfClasses]. [Digits] are embedded.
//
// [Batches] serves examples for training, for ever, shuffled anew each epoch and augmented by [CropFlip]: its batches are
// a function of the seed and the step alone, so that a run resumes anywhere. [Evaluation] serves examples once, in order.
// [Prefetch] prepares either ahead.
package datasets
