package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// Timing is how long a step took. It is kept apart from the trace, which must not depend on the clock.
type Timing struct {
	Step    int     `json:"step"`    // The optimizer step, counted from 1.
	Seconds float64 `json:"seconds"` // Wall time of the step.
}

// Time records how long a step took. Steps must rise.
func (w *Writer) Time(t Timing) error {
	if t.Step <= w.lastTime {
		return fmt.Errorf("trace: the time of step %d cannot be recorded after that of step %d: steps must rise",
			t.Step, w.lastTime)
	}
	if math.IsNaN(t.Seconds) || math.IsInf(t.Seconds, 0) {
		return fmt.Errorf("trace: step %d cannot have taken %v seconds", t.Step, t.Seconds)
	}
	w.line = append(w.line[:0], `{"kind":"time","step":`...)
	w.line = strconv.AppendInt(w.line, int64(t.Step), 10)
	w.line = append(w.line, `,"seconds":`...)
	w.line = append(appendNumber(w.line, t.Seconds, 64), '}')
	w.lastTime = t.Step
	return w.timing.append(w.line)
}

// openTiming opens the file of step times of a writer whose trace is open, and makes one where there is none.
func (w *Writer) openTiming() (*Writer, error) {
	path := filepath.Join(w.dir, TimingFileName)
	var err error
	w.timing, err = openJournal(path, timingFormat, func(s *scanner, line []byte) error {
		t, err := parseTiming(s, line)
		w.lastTime = t.Step
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		w.timing, err = createJournal(path, Header{Format: timingFormat, Version: Version})
	}
	if err != nil {
		_ = w.trace.close() // The first error matters.
		return nil, fmt.Errorf("%w (the file holds step times only: the run can go on without it)", err)
	}
	return w, nil
}

// Timings yields the step times of the run in a folder. If the file is damaged, the last pair has a [DamageError]; if
// there is none, one whose cause is fs.ErrNotExist.
func Timings(dir string) iter.Seq2[Timing, error] {
	return func(yield func(Timing, error) bool) {
		file, err := os.Open(filepath.Join(dir, TimingFileName))
		if err != nil {
			yield(Timing{}, fmt.Errorf("trace: %w", err))
			return
		}
		defer file.Close()
		s := newScanner(file, file.Name())
		if _, err := s.header(timingFormat); err != nil {
			yield(Timing{}, err)
			return
		}
		err = s.each(func(line []byte) error {
			t, err := parseTiming(s, line)
			if err == nil && !yield(t, nil) {
				err = errStopped
			}
			return err
		})
		if err != nil && err != errStopped {
			yield(Timing{}, err)
		}
	}
}

// parseTiming makes a step time of the line that was read last.
func parseTiming(s *scanner, line []byte) (t Timing, err error) {
	if err := json.Unmarshal(line, &t); err != nil {
		return t, s.rejected(line, err)
	}
	return t, nil
}
