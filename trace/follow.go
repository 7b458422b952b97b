package trace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"
)

// ErrRewound is the error of [Reader.Follow] when the trace was rewound: the reader still reads what was there before, and
// a new one must be opened for what comes.
var ErrRewound = errors.New("trace: rewound by its writer")

// pollEvery is how often Follow looks for new lines.
const pollEvery = 50 * time.Millisecond

// Follow yields the records that are in the file and those that are added to it, until the context is done. If the file is
// damaged, the last pair has a [DamageError]; if the writer rewinds the trace, [ErrRewound].
func (r *Reader) Follow(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		ticker := time.NewTicker(pollEvery)
		defer ticker.Stop()
		s := r.scan()
		for ctx.Err() == nil {
			rewound, err := r.rewound()
			if err == nil {
				err = s.records(yieldUntil(ctx, yield))
			}
			if err == nil && rewound {
				err = fmt.Errorf("%w: open %s anew", ErrRewound, r.path)
			}
			if err == errStopped {
				return
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
			s.seek(s.offset, s.line) // The line that was torn may be whole now.
		}
	}
}

// yieldUntil is yield, but stops when the context is done.
func yieldUntil(ctx context.Context, yield func(Record, error) bool) func(Record, error) bool {
	return func(record Record, err error) bool { return ctx.Err() == nil && yield(record, err) }
}

// rewound tells whether another file is in the place of the one that is read.
func (r *Reader) rewound() (bool, error) {
	read, err := r.file.Stat()
	if err != nil {
		return false, fmt.Errorf("trace: following %s: %w", r.path, err)
	}
	there, err := os.Stat(r.path)
	if err != nil {
		return false, fmt.Errorf("trace: following: %w", err)
	}
	return !os.SameFile(read, there), nil
}
