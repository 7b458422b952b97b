package dsttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// This file holds the checks of runs that train a small model.

const (
	modelDensity = 0.2
	deltaT       = 4
	wholeSteps   = 20 // Of the run that is resumed after half of it, between two updates.
	shortSteps   = 8
)

// trained is a run that has ended.
type trained struct {
	atEnd   []saved // The store's variables at the end.
	halfway []saved // After half of the steps.
	updates []*dstee.MaskUpdate
	active  []int // Active weights per layer, the same at all times.
}

// run is how to train.
type run struct {
	dtype      dtypes.DType
	steps      int     // Of the optimizer.
	accumulate int     // Batches per step.
	from       []saved // Resumes after half of the steps with these variables.
}

// train trains the model. After every step counts must be those of the start, no layer dead, and nothing inactive stored.
func (b *bench) train(r run) (*trained, error) {
	store := model.NewStore()
	done := 0
	if r.from != nil {
		done = r.steps / 2
		for _, v := range r.from {
			clone, err := v.value.LocalClone()
			if err != nil {
				return nil, err
			}
			if _, err := store.CreateVariable(v.path, clone); err != nil {
				return nil, err
			}
		}
	}
	result := &trained{}
	sparse := dstee.New(modelDensity).Drop(b.drop).Grow(b.grow).DeltaT(deltaT).TotalSteps(r.steps).
		OnUpdate(func(update *dstee.MaskUpdate) error {
			result.updates = append(result.updates, update)
			return nil
		})
	base := optimizer.Adam().LearningRate(0.05).DType(dtypes.Float32).Done() // It keeps a first moment, which scores may read.
	trainer := train.NewTrainer(b.backend, store, newModel(r.dtype), loss.MeanSquaredError, sparse.Optimizer(base), nil, nil)
	if r.accumulate > 1 {
		if err := trainer.AccumulateGradients(r.accumulate); err != nil {
			return nil, err
		}
	}
	loop := train.NewLoop(trainer)
	sparse.Attach(loop)
	loop.OnStep("dsttest", 100, func(loop *train.Loop, _ []*tensors.Tensor) error {
		active, err := countActive(store)
		if err != nil {
			return fmt.Errorf("after batch %d: %w", loop.LoopStep+1, err)
		}
		if result.active == nil {
			result.active = active
		} else if !slices.Equal(active, result.active) {
			return fmt.Errorf("after batch %d: the layers have %v active weights, at first they had %v", loop.LoopStep+1, active, result.active)
		}
		if (loop.LoopStep+1)*2 == r.steps*r.accumulate {
			result.halfway, err = snapshot(store, sparse.Unsaved())
		}
		return err
	})
	if _, err := loop.RunSteps(batches{done * r.accumulate}, (r.steps-done)*r.accumulate); err != nil {
		return nil, err
	}
	var err error
	result.atEnd, err = snapshot(store, sparse.Unsaved())
	return result, err
}

// saved is a variable as a checkpoint holds it.
type saved struct {
	path  string
	value *tensors.Tensor
}

// snapshot copies the variables that a checkpoint would hold, but for metrics.
func snapshot(store *model.Store, unsaved []*model.Variable) ([]saved, error) {
	var variables []saved
	for v := range store.IterVariables() {
		// GoMLX never resumes the learning rate.
		if !v.HasValue() || slices.Contains(unsaved, v) || strings.HasPrefix(v.Path(), "/metrics/") || v.Name() == optimizer.ParamLearningRate {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		clone, err := value.LocalClone()
		if err != nil {
			return nil, err
		}
		variables = append(variables, saved{v.Path(), clone})
	}
	return variables, nil
}

// countActive returns the number of active weights of each layer, from its mask. That some weight is not zero, and no
// inactive one is, is checked on the way.
func countActive(store *model.Store) ([]int, error) {
	counts := make([]int, len(modelLayers))
	for k, name := range modelLayers {
		mask, err := tensors.CopyFlatData[bool](store.GetVariable(dstee.Scope + name + "/weights/mask").MustValue())
		if err != nil {
			return nil, err
		}
		weights := store.GetVariable(name + "/weights").MustValue()
		width, alive := weights.DType().Size(), false
		var inside error
		err = weights.ConstBytes(func(data []byte) {
			for i, active := range mask {
				zero := !slices.ContainsFunc(data[i*width:(i+1)*width], func(b byte) bool { return b != 0 })
				alive = alive || !zero
				if !zero && !active {
					inside = fmt.Errorf("layer %q stores a weight that is not active, at flat index %d", name, i)
				}
			}
		})
		if err := errors.Join(err, inside); err != nil {
			return nil, err
		}
		if !alive {
			return nil, fmt.Errorf("layer %q is dead: all its weights are zero", name)
		}
		counts[k] = bitset.OfBools(mask).Count()
	}
	return counts, nil
}

// find returns the value of the variable with the given path, nil if there is none.
func find(variables []saved, path string) *tensors.Tensor {
	for _, v := range variables {
		if v.path == path {
			return v.value
		}
	}
	return nil
}

// checkRun checks the reports of a run and its visits.
func (r *trained) checkRun(steps int) error {
	if want := steps / deltaT; len(r.updates) != want {
		return fmt.Errorf("%d mask updates in %d steps, want %d", len(r.updates), steps, want)
	}
	for _, u := range r.updates {
		if u.Skipped {
			return fmt.Errorf("the update of step %d was skipped: %s", u.Step, u.Reason)
		}
		for k, l := range u.Layers {
			if l.Active != r.active[k] || l.Dropped != l.Grown || l.Dropped == 0 {
				return fmt.Errorf("the update of step %d dropped %d and grew %d weights of layer %q, which has %d active; want as many grown as "+
					"dropped, and %d active", u.Step, l.Dropped, l.Grown, l.Path, l.Active, r.active[k])
			}
		}
	}
	for k, name := range modelLayers {
		visits, err := tensors.CopyFlatData[int32](find(r.atEnd, dstee.Scope+name+"/weights/visits"))
		if err != nil {
			return err
		}
		total := 0
		for _, n := range visits {
			total += int(n)
		}
		if want := (len(r.updates) + 1) * r.active[k]; total != want {
			return fmt.Errorf("the visits of layer %q sum to %d, but %d topologies of %d weights make %d", name, total, len(r.updates)+1,
				r.active[k], want)
		}
	}
	return nil
}

// checkTraining trains and checks the run.
func (b *bench) checkTraining(r run) (*trained, error) {
	result, err := b.train(r)
	if err != nil {
		return nil, err
	}
	return result, result.checkRun(r.steps)
}

func (b *bench) checkTrains() (err error) {
	b.whole, err = b.checkTraining(run{dtype: dtypes.Float32, steps: wholeSteps, accumulate: 1})
	return err
}

func (b *bench) checkAccumulates() error {
	_, err := b.checkTraining(run{dtype: dtypes.Float32, steps: shortSteps, accumulate: 2})
	return err
}

func (b *bench) checkBFloat16() error {
	_, err := b.checkTraining(run{dtype: dtypes.BFloat16, steps: shortSteps, accumulate: 1})
	return err
}

func (b *bench) checkFloat16() error {
	_, err := b.checkTraining(run{dtype: dtypes.Float16, steps: shortSteps, accumulate: 1})
	return err
}

func (b *bench) checkResumes() error {
	if b.whole == nil {
		return errors.New("there is no whole run to compare with: training fails")
	}
	resumed, err := b.train(run{dtype: dtypes.Float32, steps: wholeSteps, accumulate: 1, from: b.whole.halfway})
	if err != nil {
		return err
	}
	for _, want := range b.whole.atEnd {
		if got := find(resumed.atEnd, want.path); got == nil || !got.Equal(want.value) {
			return fmt.Errorf("%q differs between a run of %d steps and one that was stopped after %d and resumed: a score must depend on "+
				"nothing but its Signals", want.path, wholeSteps, wholeSteps/2)
		}
	}
	return nil
}
