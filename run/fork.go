package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparsekernel/sparsekernel/internal/durable"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
	"github.com/sparsekernel/sparsekernel/trace"
)

// fixedInForks are the fields of a spec, by their JSON names, that a fork cannot change: the weights and the optimizer's
// state would not fit.
var fixedInForks = []string{"model", "width", "data", "optimizer"}

// Fork starts a new run in the folder dir, which must not exist or be empty, from this run's checkpoint of the given
// step (see [Run.AtRound]), with the spec as change leaves it; nil leaves it alone. Step 0, at which a run with random
// weights begins, needs no checkpoint. Model, data and optimizer stay.
//
// With the spec unchanged the fork equals this run from there on. Schedules go on at the step, as they would have been
// with the new spec from the first step on. A new density is reached with the next mask update.
//
// The fork shares the checkpoint's bytes with this run (by a hard link, or by a copy where the file system has none), has a copy
// of the trace up to there, and otherwise is independent. The checkpoint is pinned in both.
func (r *Run) Fork(dir string, step int, change func(*Spec)) (*Run, error) {
	spec := r.Spec()
	if change != nil {
		change(&spec)
	}
	if err := r.checkFork(spec, step); err != nil {
		return nil, err
	}
	if _, from := r.manifest.beginning(); step == 0 && from == "" {
		return Create(dir, spec, r.Recording())
	}
	entry, err := r.entryAt(step)
	if err != nil {
		return nil, err
	}
	c, err := entry.Read()
	if err == nil {
		err = r.manifest.owns(c)
	}
	if err != nil {
		return nil, fmt.Errorf("forking %s: %w", r.dir, err)
	}
	origin, err := filepath.Abs(r.dir)
	if err != nil {
		return nil, fmt.Errorf("forking %s: %w", r.dir, err)
	}
	m := &manifest{Format: manifestFormat, Version: manifestVersion, Spec: spec, Recording: r.Recording(),
		ForkedFrom: &Origin{Dir: origin, Step: step, SHA256: c.SHA256}}
	at, err := progressOf(c)
	if err != nil {
		return nil, fmt.Errorf("forking %s: %w", r.dir, err)
	}
	if err := r.writeFork(dir, m, entry, at.Rounds); err != nil {
		return nil, err
	}
	if err := r.checkpoints().Pin(entry); err != nil {
		r.note("the fork is made, but its origin may lose the checkpoint of step %d: %v", step, err) // As one of another user.
	}
	return &Run{dir: dir, manifest: m}, nil
}

// checkFork says why the run cannot be forked at a step with a spec.
func (r *Run) checkFork(spec Spec, step int) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	old, changed := fields(r.Spec()), fields(spec)
	for _, name := range fixedInForks {
		if old[name] != changed[name] {
			return fmt.Errorf("a fork keeps the %s, here %s: for another, create a new run", name, orNothing(old[name]))
		}
	}
	if err := r.manifest.checkReach(r.dir, step); err != nil {
		return err
	}
	if spec.Steps <= step {
		return fmt.Errorf("a run of %d steps cannot be forked at step %d: give it more steps", spec.Steps, step)
	}
	if step > 0 && spec.Method == Static && old["sparsity"] != changed["sparsity"] {
		return errors.New("a fork with the method static keeps the sparsity: its masks do not move")
	}
	return nil
}

// writeFork makes the fork in a folder beside dir and renames it, so that it is there as a whole or not at all. rounds is
// the number of mask updates before it begins.
func (r *Run) writeFork(dir string, m *manifest, base checkpoint.Entry, rounds int) error {
	fail := func(err error) error { return fmt.Errorf("forking %s: %w", r.dir, err) }
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fail(err)
	}
	if files, err := os.ReadDir(dir); err == nil && len(files) > 0 {
		return fail(fmt.Errorf("%s exists and is not empty", dir))
	}
	staged, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-*.tmp")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(staged) // Nothing, once it is renamed.
	to := checkpoint.Folder(filepath.Join(staged, checkpointsFolder))
	if err := to.Prepare(); err != nil {
		return fail(err)
	}
	if err := share(base.Path, to.Path(base.Step, base.Round)); err != nil {
		return fail(err)
	}
	copied := base
	copied.Pinned, copied.Path = false, to.Path(base.Step, base.Round)
	if err := to.Pin(copied); err != nil {
		return fail(err)
	}
	switch record, err := trace.Fork(r.dir, staged, base.Step, m.Spec); {
	case errors.Is(err, fs.ErrNotExist): // A run that was created from a model, and not trained yet, has none.
	case err != nil:
		return fail(err)
	default:
		if err := record.Close(); err != nil {
			return fail(err)
		}
	}
	if err := shareRounds(r.dir, staged, rounds); err != nil {
		return fail(err)
	}
	if err := m.write(staged); err != nil {
		return fail(err)
	}
	if err := os.Chmod(staged, 0o755); err != nil {
		return fail(err)
	}
	if err := os.Rename(staged, dir); err != nil {
		return fail(err)
	}
	return durable.SyncFolder(filepath.Dir(dir))
}

// share gives a file a second name, or, where it cannot have one, a copy.
func share(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	return durable.WriteFile(to, func(w io.Writer) error {
		_, err := io.Copy(w, source)
		return err
	})
}

// AtRound returns the step right after the given mask update, counted from 1, of which there is a checkpoint; round 0 is
// the beginning, step 0.
func (r *Run) AtRound(round int) (step int, err error) {
	if round == 0 {
		return 0, nil
	}
	entries, err := r.checkpoints().List()
	if err != nil {
		return 0, err
	}
	var kept []string
	for _, entry := range entries {
		if entry.Round == round {
			return entry.Step, nil
		}
		if entry.Round > 0 {
			kept = append(kept, fmt.Sprint(entry.Round))
		}
	}
	return 0, fmt.Errorf("%s has no checkpoint of round %d, only of rounds [%s]", r.dir, round, strings.Join(kept, " "))
}

// entryAt returns the checkpoint of a step.
func (r *Run) entryAt(step int) (checkpoint.Entry, error) {
	entries, err := r.checkpoints().List()
	if err != nil {
		return checkpoint.Entry{}, err
	}
	if i := slices.IndexFunc(entries, func(e checkpoint.Entry) bool { return e.Step == step }); i >= 0 {
		return entries[i], nil
	}
	kept := make([]int, len(entries))
	for i, entry := range entries {
		kept[i] = entry.Step
	}
	return checkpoint.Entry{}, fmt.Errorf("%s has no checkpoint of step %d, only of steps %v", r.dir, step, kept)
}

// Pin keeps the checkpoint of a step for good, whatever the [Recording] says.
func (r *Run) Pin(step int) error {
	entry, err := r.entryAt(step)
	if err != nil {
		return err
	}
	return r.checkpoints().Pin(entry)
}
