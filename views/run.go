package views

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/trace"
)

// Run is the trace of a run in memory: steps and updates, with masks decoded when a view asks for them. It is not safe for
// concurrent use.
type Run struct {
	Name    string // For legends: by default the name of the folder.
	Steps   []trace.Step
	Updates []*trace.Update // The first masks and all updates, those skipped included.

	// Damage says where the trace is damaged, nil if it is not. What came before is here.
	Damage *trace.DamageError

	dir    string
	reader *trace.Reader
	last   trace.Record // The last that was read; the zero Record before the first.

	topology trace.Topology // After the first advanced of Updates.
	advanced int
}

// Open reads the trace of the run in a folder, as far as it is written. The caller must close it.
func Open(dir string) (*Run, error) {
	r := &Run{Name: filepath.Base(filepath.Clean(dir)), dir: dir}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Run) open() (err error) {
	if r.reader, err = trace.Open(r.dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("views: no run is recorded in %s: %w", r.dir, err)
	} else if err != nil {
		return fmt.Errorf("views: %w", err)
	}
	if _, err := r.Refresh(); err != nil {
		return errors.Join(err, r.reader.Close())
	}
	return nil
}

// Refresh reads what was recorded since, and tells whether there is anything new. If the run was rewound, it is read anew.
func (r *Run) Refresh() (bool, error) {
	news := false
	for record, err := range r.reader.After(r.last) {
		switch {
		case errors.As(err, &r.Damage):
			return news, nil
		case errors.Is(err, trace.ErrRewound):
			return true, r.reopen()
		case err != nil:
			return news, fmt.Errorf("views: %w", err)
		case record.Step != nil:
			r.Steps = append(r.Steps, *record.Step)
		case record.Update != nil:
			r.Updates = append(r.Updates, record.Update)
		}
		r.last, news = trace.Record{Line: record.Line, Offset: record.Offset}, true
	}
	return news, nil
}

// reopen reads the trace that took the place of the one that was read. Until there is one, the run stays as it is.
func (r *Run) reopen() error {
	fresh := &Run{Name: r.Name, dir: r.dir}
	if err := fresh.open(); err != nil {
		return err
	}
	err := r.reader.Close()
	*r = *fresh
	return err
}

// Close closes the trace's file.
func (r *Run) Close() error { return r.reader.Close() }

// Meta reads into the value that meta points to what the run's creator said about it, as [json.Unmarshal] does. It is left
// as it is if nothing was said.
func (r *Run) Meta(meta any) error {
	said := r.reader.Header().Meta
	if len(said) == 0 {
		return nil
	}
	if err := json.Unmarshal(said, meta); err != nil {
		return fmt.Errorf("views: what run %q says about itself: %w", r.Name, err)
	}
	return nil
}

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
	first := r.first()
	if first == nil {
		return nil
	}
	paths := make([]string, len(first.Layers))
	for i, l := range first.Layers {
		paths[i] = l.Path
	}
	return paths
}

// first is the record of the first masks, nil if there is none.
func (r *Run) first() *trace.Update {
	for _, u := range r.Updates {
		if u.Skipped == "" {
			return u
		}
	}
	return nil
}

// layer returns the shape of a layer's weight. path "" stands for the first layer. It is nil if there are no masks.
func (r *Run) layer(path string) (*trace.Layer, error) {
	first := r.first()
	if first == nil || len(first.Layers) == 0 {
		return nil, nil
	}
	if path == "" {
		return &first.Layers[0], nil
	}
	if l := first.Layer(path); l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("views: run %q has no sparse layer %q: there are %q", r.Name, path, r.Layers())
}

// eachMove visits what each update that changed masks did to a layer, the first masks included.
func (r *Run) eachMove(path string, visit func(u *trace.Update, l *trace.Layer, moved trace.Transition)) error {
	var topology trace.Topology
	for _, u := range r.Applied() {
		if err := topology.Advance(u); err != nil {
			return fmt.Errorf("views: run %q: %w", r.Name, err)
		}
		moved, err := topology.Transition(path)
		if err != nil {
			return fmt.Errorf("views: run %q: %w", r.Name, err)
		}
		visit(u, u.Layer(path), moved)
	}
	return nil
}

// lastMove returns what the last update did to a layer. What earlier calls decoded is not decoded again.
func (r *Run) lastMove(path string) (trace.Transition, error) {
	for ; r.advanced < len(r.Updates); r.advanced++ {
		if err := r.topology.Advance(r.Updates[r.advanced]); err != nil {
			return trace.Transition{}, fmt.Errorf("views: run %q: %w", r.Name, err)
		}
	}
	moved, err := r.topology.Transition(path)
	if err != nil {
		return moved, fmt.Errorf("views: run %q: %w", r.Name, err)
	}
	return moved, nil
}

// updateSteps are the steps of the updates that changed masks after training began.
func (r *Run) updateSteps() []float64 {
	var steps []float64
	for _, u := range r.Updates {
		if u.Skipped == "" && u.Step > 0 {
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

// structure is the pattern of the active weights, "" for none: "structure" of the run's meta.
func (r *Run) structure() string {
	var meta struct {
		Structure string `json:"structure"`
	}
	if r.Meta(&meta) != nil {
		return ""
	}
	return meta.Structure
}
