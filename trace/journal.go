package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
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
	err = writeFile(path, func(out io.Writer) error {
		_, err := out.Write(seal(line))
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

// each shows the lines that are left to visit.
func (s *scanner) each(visit func(line []byte) error) error {
	for {
		line, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(line)
		}
		if err != nil {
			return err
		}
	}
}

// append adds a line. It may stay in memory for a while.
func (j *journal) append(object any) error {
	line, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("trace: a line for %s: %w", j.path, err)
	}
	j.buffer = append(j.buffer, seal(line)...)
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

// rewind drops all lines of the file after those of the given step, and leaves the others as they are: it replaces the
// file, so that a reader of the old one is not disturbed. Lines after the first that is dropped need not be whole.
func rewind(path, format string, step int) error {
	return copyThrough(path, path, format, step, nil)
}

// copyThrough replaces the file to by the lines of the file from through the given step, with the header in place of its
// own if there is one.
func copyThrough(from, to, format string, step int, header []byte) error {
	file, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("trace: opening: %w", err)
	}
	defer file.Close()
	s := newScanner(file, from)
	if _, err := s.header(format); err != nil {
		return err
	}
	begin, end := s.offset, s.offset
	dropped := errors.New("a line to drop")
	err = s.each(func(line []byte) error {
		var at struct{ Step int }
		if err := json.Unmarshal(line, &at); err != nil {
			return s.rejected(line, err)
		}
		if at.Step > step {
			return dropped
		}
		end = s.offset
		return nil
	})
	if err == nil && from == to {
		return nil // There is nothing to drop.
	}
	if err != nil && err != dropped {
		return err
	}
	if header == nil {
		begin = 0
	}
	return writeFile(to, func(out io.Writer) error {
		if _, err := out.Write(header); err != nil {
			return err
		}
		_, err := io.Copy(out, io.NewSectionReader(file, begin, end-begin))
		return err
	})
}

// writeFile makes or replaces a file in one step: under its name there is always the old one or the whole new one.
func writeFile(path string, write func(out io.Writer) error) (err error) {
	fail := func(err error) error { return fmt.Errorf("trace: writing %s: %w", path, err) }
	dir := filepath.Dir(path)
	temporary, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(temporary.Name()) // Gone after the rename; left over only on error.
	if err = write(temporary); err == nil {
		err = temporary.Chmod(0o644)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// syncFolder waits until the disk has the folder's names.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
