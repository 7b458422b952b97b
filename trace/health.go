package trace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Health is what is known of a file of a trace.
type Health struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	Step  int    `json:"step"` // The last optimizer step that can be read, 0 for none.
	Torn  int64  `json:"torn"` // Bytes at the end that are no whole line yet: it is being written, or its writer was killed.
	Err   error  `json:"-"`    // A [DamageError], [ErrForeign] or [ErrNewer], nil if the file can be read to its end.
}

// Check reads the files of the trace in a run's folder through, [FileName] and [TimingFileName], and says of those that
// are there whether they are whole. It changes nothing.
func Check(dir string) ([]Health, error) {
	var list []Health
	for _, file := range []struct {
		name, format string
		step         func(s *scanner, line []byte) (int, error)
	}{{FileName, traceFormat, stepOfRecord}, {TimingFileName, timingFormat, stepOfTiming}} {
		h, err := check(filepath.Join(dir, file.name), file.format, file.step)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, nil
}

// check reads one file, in which step tells the optimizer step of the line that was read last, 0 for none.
func check(path, format string, step func(s *scanner, line []byte) (int, error)) (Health, error) {
	h := Health{Path: path}
	file, err := os.Open(path)
	if err != nil {
		return h, fmt.Errorf("trace: checking: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return h, fmt.Errorf("trace: checking %s: %w", path, err)
	}
	h.Bytes = info.Size()
	s := newScanner(file, path)
	if _, h.Err = s.header(format); h.Err == nil {
		h.Err = s.each(func(line []byte) error {
			at, err := step(s, line)
			h.Step = max(h.Step, at)
			return err
		})
	}
	if h.Err == nil {
		h.Torn = max(0, h.Bytes-s.offset) // It may have grown meanwhile.
	}
	return h, nil
}

func stepOfRecord(s *scanner, line []byte) (int, error) {
	record, err := s.parse(line)
	switch {
	case err != nil || record == nil:
		return 0, err
	case record.Update != nil:
		return record.Update.Step, nil
	}
	return record.Step.Step, nil
}

func stepOfTiming(s *scanner, line []byte) (int, error) {
	t, err := parseTiming(s, line)
	return t.Step, err
}
