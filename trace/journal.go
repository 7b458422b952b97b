package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/sparsekernel/sparsekernel/internal/durable"
)

// flushSize and flushAfter are how many bytes, and for how long, steps may stay in memory before they are written.
const (
	flushSize  = 64 << 10
	flushAfter = 250 * time.Millisecond
)

// journal is an append-only file of sealed lines that is open for writing.
type journal struct {
	path, format string
	file         *os.File
	buffer       []byte
	flushed      time.Time
}

// createJournal makes a file with the given header. The file appears with its header whole or not at all.
func createJournal(path string, header Header) (*journal, error) {
	if err := checkAbsent(path); err != nil {
		return nil, err
	}
	line, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("trace: the header of %s: %w", path, err)
	}
	err = durable.WriteFile(path, func(out io.Writer) error {
		_, err := out.Write(appendLine(nil, line))
		return err
	})
	if err != nil {
		return nil, err
	}
	return openJournal(path, header.Format, nil)
}

// checkAbsent returns an error if there is something under the path.
func checkAbsent(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		err = fmt.Errorf("%w: append to it, or remove it", fs.ErrExist)
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("trace: creating %s: %w", path, err)
}

// openJournal opens a file to append to it: it checks all lines, shows those after the header to visit, and cuts off a
// torn last one. visit may be nil.
func openJournal(path, format string, visit func(s *scanner, line []byte) error) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("trace: opening to append: %w", err)
	}
	s := newScanner(file, path)
	if _, err = s.header(format); err == nil {
		err = s.each(func(line []byte) error {
			if visit == nil {
				return nil
			}
			return visit(s, line)
		})
	}
	if err == nil {
		if err = file.Truncate(s.offset); err != nil {
			err = fmt.Errorf("trace: cutting off the torn last line of %s: %w", path, err)
		}
	}
	if err != nil {
		_ = file.Close() // The first error matters.
		return nil, err
	}
	return &journal{path: path, format: format, file: file, flushed: time.Now()}, nil
}

// append adds the line of a JSON object. It may stay in memory for a while.
func (j *journal) append(object []byte) error {
	j.buffer = appendLine(j.buffer, object)
	if len(j.buffer) < flushSize && time.Since(j.flushed) < flushAfter {
		return nil
	}
	return j.flush()
}

// flush writes what is in memory to the file. If it fails, what was not written stays in memory, and flush can be tried
// again.
func (j *journal) flush() error {
	j.flushed = time.Now()
	if len(j.buffer) == 0 {
		return nil
	}
	n, err := j.file.Write(j.buffer)
	j.buffer = append(j.buffer[:0], j.buffer[n:]...)
	if err != nil {
		return fmt.Errorf("trace: writing: %w", err)
	}
	return nil
}

// sync flushes, and waits until the disk has it.
func (j *journal) sync() error {
	if err := j.flush(); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("trace: syncing: %w", err)
	}
	return nil
}

// close flushes and closes the file.
func (j *journal) close() error {
	err := j.flush()
	if closed := j.file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("trace: closing: %w", closed)
	}
	return err
}
