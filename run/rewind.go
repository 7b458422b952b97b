package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Rewound says what a [Run.Rewind] removed, besides a part of the trace.
type Rewound struct {
	Checkpoints, Rounds int  // How many: of the latter, mask updates that were saved in full.
	Summary             bool // That of the last evaluation.
}

// Rewind takes the run back to the checkpoint of a step, or to its beginning, step 0 unless it was forked or created from a
// model. What came after is removed: later checkpoints, pinned ones too, and saved mask updates, their part of the trace, and
// the summary. A [Run.Fork] keeps it all.
func (r *Run) Rewind(step int) (removed Rewound, err error) {
	unlock, err := r.lock(context.Background())
	if err != nil {
		return removed, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	at, err := r.progressAt(step)
	if err != nil {
		return removed, err
	}
	switch err := os.Remove(filepath.Join(r.dir, summaryFile)); {
	case err == nil:
		removed.Summary = true
	case !errors.Is(err, fs.ErrNotExist):
		return removed, fmt.Errorf("rewinding: %w", err)
	}
	r.Close()
	if removed.Checkpoints, err = r.checkpoints().RemoveAfter(step); err != nil {
		return removed, err
	}
	if removed.Rounds, err = removeRoundsAfter(r.dir, at.Rounds); err != nil {
		return removed, err
	}
	return removed, rewindTrace(r.dir, step)
}

// progressAt returns the progress at the checkpoint of a step that the run can go back to.
func (r *Run) progressAt(step int) (progress, error) {
	if err := r.manifest.checkReach(r.dir, step); err != nil {
		return progress{}, err
	}
	if _, from := r.manifest.beginning(); step == 0 && from == "" {
		return progress{}, nil
	}
	entry, err := r.entryAt(step)
	if err != nil {
		return progress{}, err
	}
	c, err := entry.Read()
	if err != nil {
		return progress{}, err
	}
	return progressOf(c)
}
