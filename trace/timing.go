package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Timing is how long a step took. It is kept apart from the trace, which must not depend on the clock.
type Timing struct {
	Step    int     `json:"step"`    // The optimizer step, counted from 1.
	Seconds float64 `json:"seconds"` // Wall time of the step.
}

// Time records how long a step took. Steps must rise.
func (w *Writer) Time(t Timing) error {
	if t.Step <= w.lastTime {
		return fmt.Errorf("trace: the time of step %d cannot be recorded after that of step %d: steps must rise", t.Step, w.lastTime)
	}
	err := w.timing.append(struct {
		Kind string `json:"kind"`
		Timing
	}{kindTime, t})
	if err == nil {
		w.lastTime = t.Step
	}
	return err
}

// openTiming opens the file of step times of a writer whose trace is open, and makes one where there is none.
func (w *Writer) openTiming() (*Writer, error) {
	path := filepath.Join(w.dir, TimingFileName)
	var err error
	w.timing, err = openJournal(path, timingFormat, func(s *scanner, line []byte) error {
		var t Timing
		if err := json.Unmarshal(line, &t); err != nil {
			return s.rejected(line, err)
		}
		w.lastTime = t.Step
		return nil
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
		for {
			line, err := s.next()
			if err == io.EOF {
				return
			}
			var t Timing
			if err == nil {
				if bad := json.Unmarshal(line, &t); bad != nil {
					err = s.rejected(line, bad)
				}
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}
