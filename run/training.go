package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/internal/durable"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// Texts of a checkpoint.
const (
	textSpec     = "spec"     // The [Spec] of the run, as JSON.
	textProgress = "progress" // The [progress], as JSON.
	textBackend  = "backend"  // The name of the backend that trained.
)

// saveAfter is the time after which a checkpoint is made between those of the [Recording], where steps are slow.
const saveAfter = time.Minute

// Train trains the given number of steps more, fewer where the run ends before, or to its end if steps is 0. Then it
// evaluates on the test split and writes summary.json. A run that is at its end keeps the summary it has.
//
// When ctx is cancelled it stops after the step under way, or the batch of the evaluation, and saves; the error wraps
// ctx's. See [UntilInterrupted].
//
// When it cannot save, as on a full disk, it stops with an error. The checkpoints made before stay as they are.
func (r *Run) Train(ctx context.Context, steps int) (summary *Summary, err error) {
	if steps < 0 {
		return nil, fmt.Errorf("a run cannot train %d steps: to go back, Rewind it", steps)
	}
	unlock, err := r.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	s := r.session
	left := s.spec.Steps - s.at.Step
	if steps == 0 || steps > left {
		steps = left
	}
	if left == 0 {
		// One that was killed between its last step and the evaluation has no summary of its end.
		if kept, err := readSummary(r.dir, r.Spec()); err == nil && kept != nil && kept.Step == 0 {
			return kept, nil
		}
	} else if err = r.trainSession(ctx, steps); err != nil {
		r.Close() // GoMLX's loop cannot go on after an error; a checkpoint can.
	}
	if err == nil {
		summary, err = s.summarize(ctx)
	}
	if isOf(ctx, err) {
		return nil, fmt.Errorf("stopped after %d of %d steps, saved in %s: %w", s.at.Step, s.spec.Steps, r.dir, ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	_, err = summary.WriteFile(r.dir)
	return summary, err
}

// trainSession trains, records and saves. The error is ctx's if it stopped for that and all was saved.
func (r *Run) trainSession(ctx context.Context, steps int) error {
	s := r.session
	record, err := openRecorder(r.dir, r.manifest.Recording, s, func(damage error) {
		r.note("%v: set aside as *%s; the record goes on in a new file", damage, durable.AsideSuffix)
	})
	if err != nil {
		return err
	}
	lastSave := time.Now()
	s.observer, s.record = r.observer, record
	s.afterStep = func(m measured) error {
		if err := record.step(m); err != nil {
			return err
		}
		if !r.regular(s.at.Step) && s.at.Step != s.spec.Steps && time.Since(lastSave) < saveAfter {
			return nil
		}
		defer func() {
			lastSave = time.Now()
			record.resumed()
		}()
		return r.save(record)
	}
	stopped := s.train(ctx, steps)
	if stopped == nil || isOf(ctx, stopped) {
		err = r.save(record)
	} else {
		err = stopped
	}
	if closed := record.close(); !errors.Is(err, closed) { // What failed in the background may have stopped the training.
		err = errors.Join(err, closed)
	}
	if err != nil {
		return err
	}
	return stopped
}

// isOf tells whether the error is that of a context that has ended.
func isOf(ctx context.Context, err error) bool { return ctx.Err() != nil && errors.Is(err, ctx.Err()) }

// regular tells whether the recording asks for a checkpoint at the step.
func (r *Run) regular(step int) bool { return r.manifest.Recording.saves(r.manifest.Spec, step) }

// save has a checkpoint of the session made, if there is none of its step, and old ones removed. The variables are copied
// now and written later, when the record up to here is on disk: a run that goes on from the checkpoint has no gap in its
// record.
func (r *Run) save(record *recorder) error {
	s := r.session
	if s.savedStep == s.at.Step {
		return nil
	}
	step := s.at.Step
	fail := func(err error) error { return fmt.Errorf("saving step %d: %w", step, err) }
	texts := map[string]string{textBackend: backendName(s.backend)}
	for key, value := range map[string]any{textSpec: s.spec, textProgress: s.at} {
		data, err := json.Marshal(value)
		if err != nil {
			return fail(err)
		}
		texts[key] = string(data)
	}
	packed, err := checkpoint.Pack(s.saved(), texts)
	if err != nil {
		return fail(err)
	}
	s.savedStep = step
	path := r.checkpoints().Path(step, s.at.round())
	return record.then(func() error {
		if r.saved, err = packed.Write(path); err != nil {
			return fail(fmt.Errorf("%w; the run stands at its checkpoint before, go on from there when this is mended", err))
		}
		if r.manifest.Recording.Keep == 0 {
			return nil
		}
		return r.checkpoints().Prune(r.manifest.Recording.Keep, r.regular)
	})
}

// load has the session where the run's folder says the run is: at its newest checkpoint that is whole.
func (r *Run) load(ctx context.Context) error {
	m, err := readManifest(r.dir) // Another process may have removed the run since.
	if err != nil {
		return err
	}
	r.manifest = m
	if err := m.Spec.Validate(); err != nil { // What readManifest has found good, but for its method.
		return fmt.Errorf("%s: %w; one of your own is known to the programs that register it (Register): go on with the run there",
			r.dir, err)
	}
	if err := r.checkpoints().Prepare(); err != nil {
		return err
	}
	if current, err := r.current(); current || err != nil {
		return err
	}
	r.Close()
	c, entry, err := r.checkpoints().Newest(func(damaged *checkpoint.DamagedError) {
		r.note("%v: set aside as *%s, going on from the checkpoint before", damaged, durable.AsideSuffix)
	})
	var saved string
	switch {
	case errors.Is(err, fs.ErrNotExist) && m.ForkedFrom != nil:
		return fmt.Errorf("%s has no whole checkpoint left: fork it anew from %s at step %d", r.dir, m.ForkedFrom.Dir, m.ForkedFrom.Step)
	case errors.Is(err, fs.ErrNotExist) && m.BeginsAt != nil:
		return fmt.Errorf("%s has no whole checkpoint left, and began with a model at step %d: create it anew from that", r.dir, *m.BeginsAt)
	case errors.Is(err, fs.ErrNotExist):
		c = nil // The run begins, or begins anew.
	case err != nil:
		return err
	default:
		if err := m.owns(c); err != nil {
			return fmt.Errorf("%s: %w", entry.Path, err)
		}
		saved = c.SHA256
	}
	if err := r.chooseBackend(c); err != nil {
		return err
	}
	s, err := newSession(ctx, r.backend, m.Spec, c)
	if err != nil {
		return err
	}
	s.recordUpdates()
	s.savedStep = s.at.Step
	r.session, r.saved = s, saved
	return nil
}

// current tells whether the session in memory is where the folder is, so that no other process has trained since, and on
// the backend asked for.
func (r *Run) current() (bool, error) {
	if r.session == nil || r.saved == "" || r.session.backend != r.backend {
		return false, nil
	}
	entries, err := r.checkpoints().List()
	if err != nil || len(entries) == 0 {
		return false, err
	}
	newest, err := checkpoint.Sum(entries[len(entries)-1].Path)
	return err == nil && newest == r.saved, nil // One that cannot be read, or was just pinned, is looked for again.
}

// owns says why a checkpoint is none of this run, nil if it is.
func (m *manifest) owns(c *checkpoint.Checkpoint) error {
	if m.ForkedFrom != nil && c.SHA256 == m.ForkedFrom.SHA256 {
		return nil
	}
	var spec Spec
	if err := json.Unmarshal([]byte(c.Texts[textSpec]), &spec); err != nil {
		return fmt.Errorf("the checkpoint's spec: %w", err)
	}
	if err := spec.validateOfAnyMethod(); err != nil {
		return fmt.Errorf("the checkpoint's spec: %w", err)
	}
	spec.DataDir = m.Spec.DataDir // Data may move between trainings.
	if different := differences(spec, m.Spec); different != nil {
		return fmt.Errorf("the checkpoint is not of this run, or %s was changed (%v): to go on with another spec, Fork", specFile, different)
	}
	return nil
}

// chooseBackend opens the backend that wrote the checkpoint, unless one was set.
func (r *Run) chooseBackend(c *checkpoint.Checkpoint) (err error) {
	name := ""
	if c != nil {
		name = c.Texts[textBackend]
	}
	if r.backend == nil {
		r.backend, err = backends.Open(name)
		return err
	}
	if now := backendName(r.backend); name != "" && now != name {
		r.note("the run goes on with the backend %s, it was trained with %s: its numbers will differ from those it would have had",
			now, name)
	}
	return nil
}
