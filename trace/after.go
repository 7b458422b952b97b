package trace

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// ErrRewound is the error of [Reader.After] and [Reader.Follow] when the trace was rewound: the reader still reads what was
// there before, and a new one must be opened for what comes.
var ErrRewound = errors.New("trace: rewound by its writer")

// After yields the records that are in the file now and come after the given one, for who read up to there before. A zero
// Record stands for the beginning. It ends as [Reader.Records] does; if the writer rewinds the trace, with [ErrRewound].
func (r *Reader) After(last Record) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		s := r.scan()
		rewound, err := r.rewound()
		if err == nil && last.Line > 0 {
			s.seek(last.Offset, last.Line-1)
			if _, err = s.next(); err == io.EOF {
				err = s.damage("it is no longer there")
			}
		}
		if err == nil {
			err = s.records(yield)
		}
		if err == nil && rewound {
			err = fmt.Errorf("%w: open %s anew", ErrRewound, r.path)
		}
		if err != nil && err != errStopped {
			yield(Record{}, err)
		}
	}
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
