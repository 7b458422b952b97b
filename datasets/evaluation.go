package datasets

import (
	"iter"

	"github.com/gomlx/gomlx/ml/train"
)

// Evaluation serves a [Split] once, in order: it is a GoMLX train.Dataset for train.Trainer's Eval. Inputs and labels
// are as those of [Batches].
//
// If the batch size does not divide the number of images, the last batch is smaller. GoMLX's mean metrics weigh batches
// by their size, so the result is the mean over the images all the same, but the smaller batch has a graph compiled of
// its own, once per trainer. A size of split.Len(), the whole split at once, or one that divides it avoids that.
type Evaluation struct {
	split *Split
	size  int
}

// NewEvaluation returns the split in batches of the given size, from 1 to the number of images.
func NewEvaluation(split *Split, size int) (*Evaluation, error) {
	if err := split.checkBatchSize(size); err != nil {
		return nil, err
	}
	return &Evaluation{split: split, size: size}, nil
}

// Name returns the name of the split. It implements train.Dataset.
func (e *Evaluation) Name() string { return e.split.Name }

// Iter iterates over the split from its beginning to its end. It implements train.Dataset.
func (e *Evaluation) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for from := 0; from < e.split.Len(); from += e.size {
			positions := make([]int, min(e.size, e.split.Len()-from))
			for i := range positions {
				positions[i] = from + i
			}
			if !yield(asBatch(e.split.gather(positions)), nil) {
				return
			}
		}
	}
}
