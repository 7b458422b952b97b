package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/sparsekernel/sparsekernel/trace"
)

// damagedSuffix is added to the names of damaged files, to set them aside.
const damagedSuffix = ".damaged"

// recorder writes a session's trace: steps, step times and mask updates.
type recorder struct {
	writer *trace.Writer
	every  int // Steps between logged ones.
	rates  interface{ At(step int) float64 }
	last   time.Time // When the last step ended.

	density float64 // Of the current masks, 1 for the dense method.
}

// openRecorder opens the trace in the run's folder where the session is, or begins it. What was recorded after the
// session's step is dropped. A damaged file is set aside, and given to note.
func openRecorder(dir string, recording Recording, s *session, note func(error)) (*recorder, error) {
	writer, err := trace.AppendAfter(dir, s.at.Step)
	for range 2 { // There are two files that may be damaged, and either may be missing after it was set aside.
		var damage *trace.DamageError
		if errors.As(err, &damage) {
			if err := os.Rename(damage.Path, damage.Path+damagedSuffix); err != nil {
				return nil, fmt.Errorf("%w; setting it aside: %w", damage, err)
			}
			note(damage)
			writer, err = trace.AppendAfter(dir, s.at.Step)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		writer, err = trace.Create(dir, s.spec)
	}
	if err != nil {
		return nil, err
	}
	return &recorder{writer: writer, every: recording.LogEvery, rates: s.spec.learningRate(), last: time.Now(), density: 1}, nil
}

// step records a step, if it is one to be logged.
func (r *recorder) step(step int, m measured) error {
	now := time.Now()
	seconds := now.Sub(r.last).Seconds()
	r.last = now
	if step%r.every != 0 {
		return nil
	}
	err := r.writer.Step(trace.Step{Step: step, Scalars: trace.Scalars{
		trace.Loss:         m.loss,
		trace.Accuracy:     m.accuracy,
		trace.LearningRate: r.rates.At(step - 1), // Schedules count from 0.
		trace.Density:      r.density,
	}})
	if err != nil {
		return err
	}
	return r.writer.Time(trace.Timing{Step: step, Seconds: seconds})
}

// resumed leaves the time since the last step out of the next one's.
func (r *recorder) resumed() { r.last = time.Now() }

// sync has all that was recorded on disk.
func (r *recorder) sync() error { return r.writer.Sync() }

func (r *recorder) close() error { return r.writer.Close() }

// rewindTrace drops what was recorded after the step. The records of step 0, the first masks, are the first step's to make.
func rewindTrace(dir string, step int) error {
	writer, err := trace.AppendAfter(dir, step)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("rewinding: %w", err)
	}
	return writer.Close()
}
