package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/internal/durable"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
	"github.com/sparsekernel/sparsekernel/trace"
)

// Health is what is known of a checkpoint.
type Health struct {
	Path   string `json:"path"`
	Step   int    `json:"step"`
	Round  int    `json:"round,omitempty"` // The number of mask updates so far, if it was written right after one.
	Pinned bool   `json:"pinned"`
	Bytes  int64  `json:"bytes"`
	Err    error  `json:"-"` // Why it cannot be used; nil if it can.
}

// Checkpoints reads all checkpoints and says whether they can be used, by step. It changes nothing.
func (r *Run) Checkpoints() ([]Health, error) {
	entries, err := r.checkpoints().List()
	if err != nil {
		return nil, err
	}
	var list []Health
	for _, entry := range entries {
		info, err := os.Stat(entry.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // The process that trains has just removed it.
		}
		h := Health{Path: entry.Path, Step: entry.Step, Round: entry.Round, Pinned: entry.Pinned}
		var c *checkpoint.Checkpoint
		if err == nil {
			h.Bytes = info.Size()
			c, err = entry.Read()
		}
		if err == nil {
			err = r.manifest.owns(c)
		}
		h.Err = err
		list = append(list, h)
	}
	return list, nil
}

// Trace reads the files of the trace and says whether they can be read to their ends. aside are files that were damaged, and
// set aside when the run went on. It changes nothing.
func (r *Run) Trace() (files []trace.Health, aside []string, err error) {
	if files, err = trace.Check(r.dir); err != nil {
		return nil, nil, err
	}
	aside, err = tracesAside(r.dir)
	return files, aside, err
}

// tracesAside lists the files of the trace in a run's folder that were set aside.
func tracesAside(dir string) (paths []string, err error) {
	for _, name := range []string{trace.FileName, trace.TimingFileName} {
		aside, err := durable.Aside(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		paths = append(paths, aside...)
	}
	return paths, nil
}
