package main

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
)

// training is a network that is trained one step at a time, on batches that are all the same.
type training struct {
	work
	store   *model.Store
	trainer *train.Trainer
	sparse  *dstee.Sparsifier // Nil for a dense one.
	steps   int
	x       []float32
	labels  []int32
}

func newTraining(backend compute.Backend, w work, dense bool) (*training, error) {
	t := &training{work: w, store: model.NewStore(), x: make([]float32, batch*w.inputs), labels: make([]int32, batch)}
	for i := range t.x {
		t.x[i] = float32(i*7%31)/31 - 0.5
	}
	for i := range t.labels {
		t.labels[i] = int32(i % classes)
	}
	if err := t.store.SetRNGStateFromSeed(1); err != nil {
		return nil, err
	}
	chosen := optimizer.Adam().Done()
	if !dense {
		t.sparse = dstee.New(w.density).DeltaT(w.deltaT)
		chosen = t.sparse.Optimizer(chosen)
	}
	t.trainer = train.NewTrainer(backend, t.store, models.MLP(w.units...).Classes(classes).Done(),
		loss.SparseCategoricalCrossEntropyLogits, chosen, nil, nil)
	if !dense {
		t.sparse.Attach(train.NewLoop(t.trainer)) // A method may need the loop's hooks; none of these runs here.
	}
	return t, nil
}

// step trains one step, as a training loop does: it waits for the loss.
func (t *training) step() error {
	metrics, err := t.trainer.TrainStep(train.Batch{
		Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(t.x, batch, t.inputs, 1, 1)},
		Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(t.labels, batch, 1)},
	})
	if err != nil {
		return err
	}
	t.steps++
	for _, m := range metrics {
		m.MaterializeLocal()
		if err := m.FinalizeAll(); err != nil {
			return err
		}
	}
	return nil
}

// update moves the masks.
func (t *training) update() error {
	u, err := t.sparse.Update(t.steps)
	if err == nil && u.Skipped {
		err = fmt.Errorf("the mask update was skipped: %s", u.Reason)
	}
	return err
}

// saved are the variables that a checkpoint of a run holds.
func (t *training) saved() (variables []*model.Variable) {
	unsaved := map[*model.Variable]bool{}
	for _, v := range t.sparse.Unsaved() {
		unsaved[v] = true
	}
	for v := range t.store.IterVariables() {
		if !unsaved[v] && !strings.HasPrefix(v.Path(), "/"+metric.Scope+"/") {
			variables = append(variables, v)
		}
	}
	return variables
}
