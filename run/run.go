package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// Names in a run's folder, besides those of package trace.
const (
	checkpointsFolder = "checkpoints"
	roundsFolder      = "rounds"
)

// Run is a training that lives in a folder, and outlives the processes that train it:
//
//	r, err := run.Open("runs/first", run.Default())
//	summary, err := r.Train(ctx, 500)
//
// trains 500 steps, and in the next process, 500 more. However often it was stopped or killed in between, and whenever,
// the run is the same, bit for bit, on the same backend: weights, masks, visits, optimizer, trace.
//
// The folder has the spec (spec.json), checkpoints, the trace (package trace), and the summary of the last evaluation
// (summary.json). Any number of processes may read it, also while one trains. Two cannot train it: the second gets a
// [LockedError].
//
// A Run may train many times, and keeps the model in memory between; [Run.Close] frees it. It is not safe for concurrent
// use.
type Run struct {
	dir      string
	manifest *manifest
	backend  compute.Backend // Nil until one is chosen.
	observer Observer
	wait     bool

	session *session
	saved   string // The checksum of the checkpoint that the session is at, "" if it is at none.
}

// Open opens the run in the folder dir, or, if it holds none, creates one with the [DefaultRecording]. If the run there
// has another spec, the error is a [DifferentSpecError].
func Open(dir string, spec Spec) (*Run, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	r, err := Load(dir)
	var none *NotARunError
	switch {
	case errors.As(err, &none):
		return Create(dir, spec, DefaultRecording())
	case err != nil:
		return nil, err
	}
	if different := differences(r.Spec(), spec); different != nil {
		return nil, &DifferentSpecError{Dir: dir, Differences: different}
	}
	return r, nil
}

// Load opens the run in the folder dir. If it holds none, the error is a [NotARunError].
func Load(dir string) (*Run, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	return &Run{dir: dir, manifest: m}, nil
}

// Create makes a run in the folder dir, which is created if need be. It is an error if dir holds one already.
func Create(dir string, spec Spec, recording Recording) (*Run, error) {
	return newRun(dir, &manifest{Format: manifestFormat, Version: manifestVersion, Spec: spec, Recording: recording})
}

// newRun makes a run of a manifest in the folder dir.
func newRun(dir string, m *manifest) (*Run, error) {
	if err := m.Spec.Validate(); err != nil {
		return nil, err
	}
	if err := m.Recording.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w", err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(create(dir, m), unlock()); err != nil {
		return nil, err
	}
	return &Run{dir: dir, manifest: m}, nil
}

// create makes a folder a run.
func create(dir string, m *manifest) error {
	for _, name := range []string{specFile, checkpointsFolder} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s holds a run already, or what is left of one (%s): go on with it (Load), or remove it first", dir, name)
		}
	}
	return m.write(dir)
}

// On sets the backend to train on. By default it is the one that the run was last trained on, at first what
// backends.Open chooses. On another backend a run goes on, but no longer as it would have on the first.
func (r *Run) On(backend compute.Backend) *Run {
	r.backend = backend
	return r
}

// Observe sets who is told how it goes.
func (r *Run) Observe(observer Observer) *Run {
	r.observer = observer
	return r
}

// Wait sets whether to wait for another process that trains the run, instead of returning a [LockedError]. Default false.
func (r *Run) Wait(wait bool) *Run {
	r.wait = wait
	return r
}

// Dir returns the run's folder.
func (r *Run) Dir() string { return r.dir }

// Spec returns what the run trains.
func (r *Run) Spec() Spec { return r.manifest.Spec }

// Recording returns what the run keeps of itself.
func (r *Run) Recording() Recording { return r.manifest.Recording }

// ForkedFrom returns where the run was forked from, nil if it was not.
func (r *Run) ForkedFrom() *Origin { return r.manifest.ForkedFrom }

// Close frees the model's memory. The run can be used on.
func (r *Run) Close() {
	if r.session != nil {
		r.session.close()
	}
	r.session, r.saved = nil, ""
}

// checkpoints returns the folder of the run's checkpoints.
func (r *Run) checkpoints() checkpoint.Folder {
	return checkpoint.Folder(filepath.Join(r.dir, checkpointsFolder))
}

// note tells the observer.
func (r *Run) note(format string, args ...any) {
	if r.observer.Note != nil {
		r.observer.Note(fmt.Sprintf(format, args...))
	}
}
