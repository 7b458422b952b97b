package views

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/trace"
)

// Run is the trace of a run in memory: steps and updates, with masks decoded when a view asks for them.
type Run struct {
	Name    string // For legends: by default the name of the folder.
	Steps   []trace.Step
	Updates []*trace.Update // The first masks and all updates, those skipped included.

	// Damage says where the trace is damaged, nil if it is not. What came before is here.
	Damage *trace.DamageError

	reader *trace.Reader
	index  *trace.Index
}

// Open reads the trace of the run in a folder, as far as it is written. The caller must close it.
func Open(dir string) (*Run, error) {
	reader, err := trace.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("views: %w", err)
	}
	r := &Run{Name: filepath.Base(filepath.Clean(dir)), reader: reader}
	if err := r.read(); err != nil {
		_ = reader.Close()
		return nil, fmt.Errorf("views: %w", err)
	}
	return r, nil
}

func (r *Run) read() (err error) {
	if r.index, err = r.reader.Index(); err != nil && !errors.As(err, &r.Damage) {
		return err
	}
	for record, err := range r.reader.Records() {
		switch {
		case errors.As(err, &r.Damage):
			return nil
		case err != nil:
			return err
		case record.Step != nil:
			r.Steps = append(r.Steps, *record.Step)
		case record.Update != nil:
			r.Updates = append(r.Updates, record.Update)
		}
	}
	return nil
}

// Close closes the trace's file.
func (r *Run) Close() error { return r.reader.Close() }

// Applied returns the updates that changed masks, the first masks among them.
func (r *Run) Applied() []*trace.Update {
	var applied []*trace.Update
	for _, u := range r.Updates {
		if u.Skipped == "" {
			applied = append(applied, u)
		}
	}
	return applied
}

// Layers returns the paths of the sparse layers' weights, in the trace's order.
func (r *Run) Layers() []string {
	applied := r.Applied()
	if len(applied) == 0 {
		return nil
	}
	paths := make([]string, len(applied[0].Layers))
	for i, l := range applied[0].Layers {
		paths[i] = l.Path
	}
	return paths
}

// layer returns the shape of a layer's weight. path "" stands for the first layer.
func (r *Run) layer(path string) (*trace.Layer, error) {
	applied := r.Applied()
	if len(applied) == 0 || len(applied[0].Layers) == 0 {
		return nil, fmt.Errorf("views: run %q has no masks: it was trained densely, or has not begun", r.Name)
	}
	if path == "" {
		return &applied[0].Layers[0], nil
	}
	if l := applied[0].Layer(path); l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("views: run %q has no sparse layer %q: there are %q", r.Name, path, r.Layers())
}

// updateSteps are the steps of the updates that changed masks after training began.
func (r *Run) updateSteps() []float64 {
	var steps []float64
	for _, u := range r.Applied() {
		if u.Step > 0 {
			steps = append(steps, float64(u.Step))
		}
	}
	return steps
}

// scalar returns the steps at which the named scalar was logged, and its values.
func (r *Run) scalar(name string) (steps, values []float64) {
	for _, s := range r.Steps {
		if v, found := s.Scalars[name]; found {
			steps, values = append(steps, float64(s.Step)), append(values, v)
		}
	}
	return steps, values
}
