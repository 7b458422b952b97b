package run

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/internal/durable"
	"github.com/sparsekernel/sparsekernel/trace"
)

// recorder writes a session's trace: steps, step times and mask updates. It takes copies of what it needs, and leaves the
// rest to a scribe.
type recorder struct {
	writer    *trace.Writer // The scribe's, once there are jobs.
	scribe    *scribe
	dir       string // The run's folder.
	session   *session
	recording Recording

	begun   bool
	last    time.Time // When the last step ended.
	density float64   // Of the masks.
	moves   []move    // Of the update under way.
}

// openRecorder opens the trace in the run's folder where the session is, or begins it. What was recorded after the
// session's step is dropped. A damaged file is set aside, and given to note.
func openRecorder(dir string, recording Recording, s *session, note func(error)) (*recorder, error) {
	for _, folder := range []string{dir, roundsDir(dir)} { // A killed process may have left temporary files.
		if err := durable.Sweep(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	writer, err := trace.AppendAfter(dir, s.at.Step)
	for range 2 { // There are two files that may be damaged, and either may be missing after it was set aside.
		var damage *trace.DamageError
		if errors.As(err, &damage) {
			if _, err := durable.SetAside(damage.Path); err != nil {
				return nil, fmt.Errorf("%w; %w", damage, err)
			}
			note(damage)
			writer, err = trace.AppendAfter(dir, s.at.Step)
		}
	}
	if err == nil && writer.HasMasks() && writer.Round() != s.at.Rounds { // It lost its end, in whole lines.
		note(fmt.Errorf("%s ends after %d mask updates of %d", filepath.Join(dir, trace.FileName), writer.Round(), s.at.Rounds))
		if err := writer.Close(); err != nil {
			return nil, err
		}
		if _, err := durable.SetAside(filepath.Join(dir, trace.FileName)); err != nil {
			return nil, err
		}
		err = fs.ErrNotExist
	}
	if errors.Is(err, fs.ErrNotExist) {
		writer, err = trace.Create(dir, s.spec)
	}
	if err != nil {
		return nil, err
	}
	return &recorder{writer: writer, scribe: newScribe(), dir: dir, session: s, recording: recording, last: time.Now()}, nil
}

// recordUpdates has the session's mask updates recorded by the recorder that it has, if any, at the time.
func (s *session) recordUpdates() {
	s.loop.OnStep("record", dstee.HookPriority-1, func(*train.Loop, []*tensors.Tensor) error {
		if s.record == nil || s.record.begun {
			return nil
		}
		s.record.begun = true
		return s.record.begin()
	})
	if s.sparse == nil {
		return
	}
	s.sparse.OnMove(func(lent *dstee.LayerMove) error {
		if s.record == nil {
			return nil
		}
		return s.record.moved(lent)
	})
	s.sparse.OnUpdate(func(update *dstee.MaskUpdate) error {
		if s.record == nil {
			return nil
		}
		return s.record.updated(update)
	})
}

// begin is called after the first step, when there are masks, and before they are updated.
func (r *recorder) begin() error {
	s := r.session
	if s.sparse == nil {
		r.density = 1
		return nil
	}
	layers, total, err := s.sparse.Stats()
	if err != nil {
		return err
	}
	r.density = total.Density()
	if r.writer.HasMasks() {
		return nil
	}
	moves := make([]trace.Move, len(layers))
	for i, l := range layers {
		if moves[i], err = s.masksOf(l); err != nil {
			return err
		}
	}
	first := trace.Update{Step: s.at.Step, Round: s.at.Rounds}
	return r.scribe.do(func() error { return r.writer.Update(first, moves...) })
}

// moved keeps what an update is about to do to a layer. There are copies of one update at a time: those of a large model
// take much memory.
func (r *recorder) moved(lent *dstee.LayerMove) error {
	if err := r.scribe.drain(); err != nil {
		return err
	}
	m, err := keepMove(lent, r.recording.Rounds.Contains(lent.Round))
	if err != nil {
		return err
	}
	r.moves = append(r.moves, m)
	return nil
}

// updated records a mask update.
func (r *recorder) updated(u *dstee.MaskUpdate) error {
	moves := r.moves
	r.moves = nil
	update := trace.Update{Step: u.Step, Round: u.Round, DropFraction: u.DropFraction, Params: r.session.spec.growthParams(u.Step)}
	if u.Skipped {
		update.Skipped = u.Reason
		return r.scribe.do(func() error { return r.writer.Update(update) })
	}
	total := u.Totals()
	r.density = float64(total.Active) / float64(total.Size)
	return r.scribe.do(func() error {
		recorded := make([]trace.Move, len(moves))
		for i, m := range moves {
			recorded[i] = m.Move
		}
		if err := r.writer.Update(update, recorded...); err != nil {
			return err
		}
		if !r.recording.Rounds.Contains(update.Round) {
			return nil
		}
		return writeRound(r.dir, r.session.spec, update, moves)
	})
}

// step records a step, if it is one to be logged. The last one is, so that who follows the record knows the end.
func (r *recorder) step(m measured) error {
	step := r.session.at.Step
	seconds := time.Since(r.last).Seconds()
	r.resumed()
	if step%r.recording.LogEvery != 0 && step != r.session.spec.Steps {
		return nil
	}
	scalars := trace.Scalars{
		trace.Loss:         m.loss,
		trace.Accuracy:     m.accuracy,
		trace.LearningRate: r.session.spec.learningRate().At(step - 1), // Schedules count from 0.
		trace.Density:      r.density,
	}
	return r.scribe.do(func() error {
		if err := r.writer.Step(trace.Step{Step: step, Scalars: scalars}); err != nil {
			return err
		}
		return r.writer.Time(trace.Timing{Step: step, Seconds: seconds})
	})
}

// resumed leaves the time since the last step out of the next one's.
func (r *recorder) resumed() { r.last = time.Now() }

// then has a job done when all that was recorded until now is on disk.
func (r *recorder) then(job func() error) error {
	return r.scribe.do(func() error {
		if err := r.writer.Sync(); err != nil {
			return err
		}
		return job()
	})
}

// close waits until all is written, and returns the first error.
func (r *recorder) close() error {
	err := r.scribe.close()
	if closed := r.writer.Close(); err == nil {
		err = closed
	}
	return err
}

// rewindTrace drops what was recorded after the step.
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
