package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/internal/durable"
)

// AppendAfter goes on with the trace in a run's folder after the given optimizer step, as a run does that resumes from a
// checkpoint: all that was recorded after that step is dropped. It may be damaged, if what came before it is known to be all:
// if that ends with the logged step asked for, or is followed by a whole line of a later one.
//
// It is atomic: the trace is as before or as asked for. Who reads the old one goes on reading it, see [ErrRewound].
func AppendAfter(dir string, step int) (*Writer, error) {
	if err := rewindAll(dir, step); err != nil {
		return nil, err
	}
	return Append(dir)
}

// Fork begins the trace of a run in the folder dir, which must hold none, with the records of another run's trace through
// the given optimizer step. meta is that of the new run, see [Create].
func Fork(from, dir string, step int, meta any) (*Writer, error) {
	header, err := newHeader(meta)
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("trace: the header of a fork: %w", err)
	}
	path := filepath.Join(dir, FileName)
	if err := checkAbsent(path); err != nil {
		return nil, err
	}
	if err := copyThrough(filepath.Join(from, FileName), path, traceFormat, step, appendLine(nil, line)); err != nil {
		return nil, err
	}
	return Append(dir)
}

// rewindAll rewinds both files. That of step times goes first: if that is all that happens, nothing is missing but times.
func rewindAll(dir string, step int) error {
	err := rewind(filepath.Join(dir, TimingFileName), timingFormat, step)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return rewind(filepath.Join(dir, FileName), traceFormat, step)
}

// rewind drops all lines of the file after those of the given step, and leaves the others as they are: it replaces the
// file, so that a reader of the old one is not disturbed.
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
	complete := false // The last line of the step was read: there is none after a logged step or a time.
	dropped := errors.New("a line to drop")
	err = s.each(func(line []byte) error {
		var at struct {
			Kind string
			Step int
		}
		if err := json.Unmarshal(line, &at); err != nil {
			return s.rejected(line, err)
		}
		if at.Step > step {
			return dropped
		}
		end = s.offset
		complete = at.Step == step && at.Kind != kindUpdate
		return nil
	})
	if err == nil && from == to {
		return nil // There is nothing to drop.
	}
	if damage := (*DamageError)(nil); err != nil && err != dropped && !(complete && errors.As(err, &damage)) {
		return err
	}
	if header == nil {
		begin = 0
	}
	return durable.WriteFile(to, func(out io.Writer) error {
		if _, err := out.Write(header); err != nil {
			return err
		}
		_, err := io.Copy(out, io.NewSectionReader(file, begin, end-begin))
		return err
	})
}
