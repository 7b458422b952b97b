package trace

import (
	"context"
	"iter"
	"time"
)

// pollEvery is how often Follow looks for new lines.
const pollEvery = 50 * time.Millisecond

// Follow yields the records that are in the file and those that are added to it, until the context is done. If the file is
// damaged, the last pair has a [DamageError]; if the writer rewinds the trace, [ErrRewound].
func (r *Reader) Follow(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		ticker := time.NewTicker(pollEvery)
		defer ticker.Stop()
		var last Record
		for ctx.Err() == nil {
			for record, err := range r.After(last) {
				if ctx.Err() != nil || !yield(record, err) || err != nil {
					return
				}
				last = record
			}
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
		}
	}
}
