package trace

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
)

// Reader reads a trace, also one that is being written. It is safe for concurrent use.
type Reader struct {
	path   string
	file   *os.File
	header Header
	begin  int64 // Offset of the first line after the header.
}

// Open opens the trace at path: a run's folder, or the file itself.
func Open(path string) (*Reader, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, FileName)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	s := newScanner(file, path)
	header, err := s.header(traceFormat)
	if err != nil {
		_ = file.Close() // The first error matters.
		return nil, err
	}
	return &Reader{path: path, file: file, header: header, begin: s.offset}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// Path is the path of the file.
func (r *Reader) Path() string { return r.path }

// Header returns the trace's first line.
func (r *Reader) Header() Header { return r.header }

// scan returns a scanner at the first line after the header.
func (r *Reader) scan() *scanner {
	s := newScanner(r.file, r.path)
	s.seek(r.begin, 1)
	return s
}

// Records yields the records that are in the file now. A torn last line is passed over. If the file is damaged, the last
// pair has a [DamageError]; the records before are good.
func (r *Reader) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := r.scan().records(yield); err != nil && err != errStopped {
			yield(Record{}, err)
		}
	}
}

// errStopped tells that the consumer of an iterator wants no more.
var errStopped = errors.New("stopped")

// records yields the records that are left. It returns nil at the end of the file, errStopped if yield returns false.
func (s *scanner) records(yield func(Record, error) bool) error {
	return s.each(func(line []byte) error {
		record, err := s.parse(line)
		if err == nil && record != nil && !yield(*record, nil) {
			err = errStopped
		}
		return err
	})
}
