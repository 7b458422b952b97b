package datasets

import (
	"iter"

	"github.com/gomlx/gomlx/ml/train"
	"github.com/pkg/errors"
)

// Evaluation serves [Examples] once, in order and without augmentation: it is a GoMLX train.Dataset for train.Trainer's
// Eval. Inputs and labels are as those of [Batches].
//
// If the batch size does not divide the number of examples, the last batch is smaller. GoMLX's mean metrics weigh batches
// by their size, so the result is the mean over the examples all the same, but the smaller batch has a graph compiled of
// its own, once per trainer. A size that divides the number, or all of a small set at once, avoids that.
type Evaluation struct {
	examples Examples
	size     int
}

// NewEvaluation returns the examples in batches of the given size, from 1 to their number.
func NewEvaluation(examples Examples, size int) (*Evaluation, error) {
	if err := checkBatchSize(examples, size); err != nil {
		return nil, err
	}
	return &Evaluation{examples: examples, size: size}, nil
}

// Name returns the name of the examples. It implements train.Dataset.
func (e *Evaluation) Name() string { return e.examples.About().Name }

// Iter iterates over the examples from the first to the last. It implements train.Dataset.
func (e *Evaluation) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		about := e.examples.About()
		for from := 0; from < about.Len(); from += e.size {
			positions := make([]int, min(e.size, about.Len()-from))
			for i := range positions {
				positions[i] = from + i
			}
			inputs, err := e.examples.Inputs(positions, nil)
			if err != nil {
				yield(train.Batch{}, errors.WithMessagef(err, "evaluating %q", about.Name))
				return
			}
			if !yield(asBatch(about.labelsAt(positions), inputs), nil) {
				return
			}
		}
	}
}
