package datasets

import (
	"iter"

	"github.com/gomlx/gomlx/ml/train"
	"github.com/pkg/errors"
)

// Prefetch returns a data set of the same batches in the same order, prepared on another goroutine while the last one is
// trained on: ahead of them, 1 or more, wait at any time. Batches that are not taken are finalized, and the goroutine has
// ended when the iteration ends, whichever way.
//
// (GoMLX's dataset.Buffer does not serve: when an iteration is left early, it stops the source while its goroutine may be
// asking it for a batch, and leaves prepared batches to the garbage collector.)
func Prefetch(source train.Dataset, ahead int) train.Dataset {
	return &prefetch{Dataset: source, ahead: max(ahead, 1)}
}

type prefetch struct {
	train.Dataset
	ahead int
}

// Iter implements train.Dataset.
func (p *prefetch) Iter() iter.Seq2[train.Batch, error] {
	type result struct {
		batch train.Batch
		err   error
	}
	return func(yield func(train.Batch, error) bool) {
		// One batch more waits in the hands of the goroutine.
		results, left := make(chan result, p.ahead-1), make(chan struct{})
		go func() {
			defer close(results)
			defer func() {
				if r := recover(); r != nil { // so that a panic reaches the caller, and not the process
					select {
					case results <- result{err: errors.Errorf("preparing a batch of %q: panic: %v", p.Name(), r)}:
					case <-left:
					}
				}
			}()
			for batch, err := range p.Dataset.Iter() {
				select {
				case results <- result{batch, err}:
				case <-left:
					_ = batch.Finalize()
					return
				}
			}
		}()
		defer func() {
			close(left)
			for r := range results {
				_ = r.batch.Finalize()
			}
		}()
		for r := range results {
			if !yield(r.batch, r.err) {
				return
			}
		}
	}
}
