package run

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// State is how far a run is, as its folder says.
type State struct {
	Status   string   `json:"status"`             // One of "new", "training", "stopped" and "finished".
	Step     int      `json:"step"`               // Of the newest checkpoint, 0 without one.
	Accuracy *float64 `json:"accuracy,omitempty"` // On the test split in [0, 1], when it was last evaluated.
	Holder   *Holder  `json:"holder,omitempty"`   // The process that trains it, nil if none does.
}

// Statuses of a [State].
const (
	StatusNew      = "new"      // It has no checkpoint yet.
	StatusTraining = "training" // A process trains it.
	StatusStopped  = "stopped"  // It has steps left, and no process trains it.
	StatusFinished = "finished"
)

// State returns how far the run is. It needs no lock, and does not read the checkpoints.
func (r *Run) State() (State, error) {
	state := State{Status: StatusNew}
	entries, err := r.checkpoints().List()
	if err != nil {
		return state, err
	}
	if len(entries) > 0 {
		state.Status, state.Step = StatusStopped, entries[len(entries)-1].Step
	}
	if state.Step >= r.Spec().Steps {
		state.Status = StatusFinished
	}
	summary, err := readSummary(r.dir, r.Spec())
	if err != nil {
		return state, err
	}
	if summary != nil {
		state.Accuracy = &summary.Accuracy
	}
	if state.Holder, err = holderOf(r.dir); err != nil {
		return state, err
	}
	if state.Holder != nil {
		state.Status = StatusTraining
	}
	return state, nil
}

// Summary returns the summary of the last evaluation, nil if there was none.
func (r *Run) Summary() (*Summary, error) { return readSummary(r.dir, r.Spec()) }

// Find returns the folders in and under dir that hold runs, in lexical order. It does not look into runs, nor into
// folders whose names begin with a dot.
func Find(dir string) ([]string, error) {
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil || !entry.IsDir():
			return nil // A folder that cannot be read has no run that could be.
		case path != dir && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		}
		if info, err := os.Stat(filepath.Join(path, specFile)); err == nil && info.Mode().IsRegular() {
			dirs = append(dirs, path)
			return fs.SkipDir
		}
		return nil
	})
	return dirs, err
}
