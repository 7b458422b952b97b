package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// Rewind takes the run back to the checkpoint of a step, or to its beginning, step 0. What came after is lost.
func (r *Run) Rewind(step int) (err error) {
	unlock, err := r.lock(context.Background())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if origin := r.ForkedFrom(); origin != nil && step < origin.Step {
		return fmt.Errorf("%s begins at step %d, where it was forked from %s: it cannot go back to step %d",
			r.dir, origin.Step, origin.Dir, step)
	}
	at := progress{}
	if step != 0 {
		entry, err := r.entryAt(step)
		if err != nil {
			return err
		}
		c, err := checkpoint.Read(entry.Path)
		if err != nil {
			return err
		}
		if at, err = progressOf(c); err != nil {
			return err
		}
	}
	if err := os.Remove(filepath.Join(r.dir, summaryFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("rewinding: %w", err)
	}
	r.Close()
	if err := r.checkpoints().RemoveAfter(step); err != nil {
		return err
	}
	if err := removeRoundsAfter(r.dir, at.Rounds); err != nil {
		return err
	}
	return rewindTrace(r.dir, step)
}
