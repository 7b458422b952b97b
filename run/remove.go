package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/internal/durable"
	"github.com/sparsekernel/sparsekernel/trace"
)

// Remove removes the run in the folder dir, and the folder if nothing else is in it. It refuses what is no run, and a
// run that is being trained.
func Remove(dir string) error {
	info, err := os.Stat(filepath.Join(dir, specFile))
	if err != nil || !info.Mode().IsRegular() {
		return notARun(dir)
	}
	if _, err := readManifest(dir); err != nil {
		return fmt.Errorf("not removed: %w", err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	if err := durable.Sweep(dir); err != nil {
		return errors.Join(err, unlock())
	}
	paths, err := tracesAside(dir)
	if err != nil {
		return errors.Join(err, unlock())
	}
	// The spec goes last: what is left of a removal that was interrupted can be removed as a run.
	for _, name := range []string{checkpointsFolder, roundsFolder, trace.FileName, trace.TimingFileName, summaryFile, holderFile,
		specFile, lockFile} {
		paths = append(paths, filepath.Join(dir, name))
	}
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			return errors.Join(fmt.Errorf("removing the run: %w", err), unlock())
		}
	}
	if err := unlock(); err != nil {
		return err
	}
	files, err := os.ReadDir(dir)
	if err == nil && len(files) == 0 {
		err = os.Remove(dir)
	}
	if err != nil {
		return fmt.Errorf("removing the run's folder: %w", err)
	}
	return nil
}
