package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// Newest stands for the step of the newest checkpoint that is whole.
const Newest = -1

// Model returns a new store with what training had at the checkpoint of a step, or [Newest]: the model's weights, their
// masks and visits, the optimizer's state. It changes nothing, and works while the run is trained.
func (r *Run) Model(step int) (*model.Store, error) {
	c, err := r.checkpointAt(step)
	if err == nil {
		err = r.manifest.owns(c)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the model of %s: %w", r.dir, err)
	}
	store := model.NewStore()
	return store, c.Restore(store, nil)
}

// checkpointAt reads the checkpoint of a step, or the newest that is whole.
func (r *Run) checkpointAt(step int) (*checkpoint.Checkpoint, error) {
	if step != Newest {
		entry, err := r.entryAt(step)
		if err != nil {
			return nil, err
		}
		return entry.Read()
	}
	entries, err := r.checkpoints().List()
	if err != nil {
		return nil, err
	}
	for _, entry := range slices.Backward(entries) {
		c, err := entry.Read()
		var damaged *checkpoint.DamagedError
		switch {
		case errors.As(err, &damaged):
			r.note("%v: taking the checkpoint before", damaged)
		case errors.Is(err, fs.ErrNotExist): // The process that trains has just removed it.
		default:
			return c, err
		}
	}
	return nil, errors.New("it has no whole checkpoint yet: train it first")
}

// CreateFrom is [Create] for a run that goes on from a model that is there: the store's weights, masks and visits, at the
// step and mask update that the store counts, 0 if it counts none. The optimizer starts without a state. The store must
// hold all trainable variables of the spec's model, and no others.
func CreateFrom(dir string, spec Spec, recording Recording, store *model.Store) (*Run, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	at, err := countersOf(store)
	if err != nil {
		return nil, err
	}
	if at.Step >= spec.Steps {
		return nil, fmt.Errorf("the model was trained for %d steps: a run of %d steps has none left, give it more, or let it count from 0",
			at.Step, spec.Steps)
	}
	if err := checkModel(spec, store); err != nil {
		return nil, err
	}
	if store.GetVariable("/"+model.RNGStateVariableName) == nil {
		if err := store.SetRNGStateFromSeed(spec.Seed); err != nil {
			return nil, fmt.Errorf("seeding the model: %w", err)
		}
	}
	r, err := newRun(dir, &manifest{Format: manifestFormat, Version: manifestVersion, Spec: spec, Recording: recording, BeginsAt: &at.Step})
	if err != nil {
		return nil, err
	}
	if err := r.writeFirst(at, store); err != nil {
		return nil, errors.Join(err, os.Remove(filepath.Join(dir, specFile))) // Without it the folder is no run.
	}
	return r, nil
}

// writeFirst writes a run's first checkpoint, and pins it: without it the run could not begin.
func (r *Run) writeFirst(at progress, store *model.Store) error {
	texts := map[string]string{}
	for key, value := range map[string]any{textSpec: r.Spec(), textProgress: at} {
		data, err := json.Marshal(value)
		if err != nil {
			return err
		}
		texts[key] = string(data)
	}
	if err := r.checkpoints().Prepare(); err != nil {
		return err
	}
	first := checkpoint.Entry{Step: at.Step, Path: r.checkpoints().Path(at.Step, 0)}
	if err := checkpoint.Write(first.Path, slices.Collect(store.IterVariables()), texts); err != nil {
		return err
	}
	return r.checkpoints().Pin(first)
}

// Paths of the variables that count what the training of a store's model was.
const (
	stepCounter    = "/" + optimizer.GlobalStepVariableName
	roundCounter   = dstee.Scope + "/rounds"
	skippedCounter = dstee.Scope + "/skipped"
)

// ResetCounters has the store's model count steps and mask updates from 0, as for training it further with schedules that
// begin anew.
func ResetCounters(store *model.Store) error {
	for _, path := range []string{stepCounter, roundCounter, skippedCounter} {
		if store.GetVariable(path) == nil {
			continue
		}
		if err := store.DeleteVariable(path); err != nil {
			return fmt.Errorf("resetting %q: %w", path, err)
		}
	}
	return nil
}

// countersOf returns what the store counts, 0 where it counts nothing.
func countersOf(store *model.Store) (at progress, err error) {
	for path, count := range map[string]*int{stepCounter: &at.Step, roundCounter: &at.Rounds, skippedCounter: &at.Skipped} {
		v := store.GetVariable(path)
		if v == nil {
			continue
		}
		if !v.Shape().Equal(shapes.Make(dtypes.Int64)) {
			return at, fmt.Errorf("%q must be an Int64 scalar, it is %s", path, v.Shape())
		}
		if *count = int(tensors.ToScalar[int64](v.MustValue())); *count < 0 {
			return at, fmt.Errorf("%q counts, but is %d", path, *count)
		}
	}
	return at, nil
}

// checkModel says how the store's model differs from that of the spec.
func checkModel(spec Spec, store *model.Store) error {
	counts, err := spec.count(context.Background())
	if err != nil {
		return err
	}
	for _, weight := range counts.Weights {
		v := store.GetVariable(weight.Path)
		if v == nil {
			return fmt.Errorf("there is no weight %q, which the model %s on %s has", weight.Path, spec.Model, spec.Data)
		}
		if !v.Shape().Equal(weight.Shape) {
			return fmt.Errorf("the weight %q is %s, in the model %s on %s it is %s", weight.Path, v.Shape(), spec.Model, spec.Data, weight.Shape)
		}
	}
	parameters := 0
	for v := range store.IterVariables() {
		if v.Trainable {
			parameters += v.Shape().Size()
		}
	}
	if parameters != counts.Parameters {
		return fmt.Errorf("there are %d trainable parameters, the model %s on %s has %d", parameters, spec.Model, spec.Data, counts.Parameters)
	}
	return nil
}
