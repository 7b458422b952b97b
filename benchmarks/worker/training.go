package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// training takes steps as a user's loop does: a batch is copied to the device, and the loss read back.
type training struct {
	work    work.Work
	batches *work.Batches
	backend compute.Backend
	store   *model.Store
	modelFn train.ModelFn
	trainer *train.Trainer
	sparse  *dstee.Sparsifier // Nil for a dense training.
	step    int
}

func newTraining(backend compute.Backend, w work.Work, batches *work.Batches, density float64) (*training, error) {
	t := &training{work: w, batches: batches, backend: backend, store: model.NewStore()}
	if err := t.store.SetRNGStateFromSeed(1); err != nil {
		return nil, err
	}
	var err error
	if t.modelFn, err = modelOf(w); err != nil {
		return nil, err
	}
	scope := t.store.RootScope()
	scope.SetParam(optimizer.ParamLearningRate, w.LearningRate)
	chosen, err := optimizers.ByName(scope, w.Optimizer)
	if err != nil {
		return nil, err
	}
	modelFn := t.modelFn
	if density < 1 {
		t.sparse = dstee.New(density).Distribution(dstee.Uniform).DropFraction(dstee.Constant(work.DropFraction)).
			Exploration(dstee.Constant(work.C), dstee.Constant(work.Epsilon))
		modelFn, chosen = t.sparse.Model(modelFn), t.sparse.Optimizer(chosen)
	}
	lossFn := loss.SparseCategoricalCrossEntropyLogits
	if w.Classes == 1 {
		lossFn = loss.BinaryCrossentropyLogits
	}
	t.trainer = train.NewTrainer(backend, t.store, modelFn, lossFn, chosen, nil, nil)
	return t, nil
}

// describe counts parameters and operations, of one example.
func (t *training) describe() (work.Reply, error) {
	example := shapes.Make(dtypes.Float32, append([]int{1}, t.work.Input...)...)
	counts, err := models.Count(t.backend, t.store, t.modelFn, example)
	if err != nil {
		return work.Reply{}, err
	}
	reply := work.Reply{Parameters: counts.Parameters, MACs: counts.MACs()}
	for _, weight := range counts.Weights {
		reply.Sizes = append(reply.Sizes, weight.Shape.Size())
	}
	slices.Sort(reply.Sizes)
	return reply, nil
}

// batch copies the batch of the next step into tensors, which the step takes over.
func (t *training) batch() train.Batch {
	i, dims := t.step%work.BatchCount, append([]int{t.work.Batch}, t.work.Input...)
	return train.Batch{
		Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(t.batches.Inputs[i], dims...)},
		Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(t.batches.Labels[i], t.work.Batch, 1)},
	}
}

func (t *training) steps(count int) (work.Reply, error) {
	var reply work.Reply
	began := time.Now()
	for range count {
		metrics, err := t.trainer.TrainStep(t.batch())
		if err != nil {
			return reply, err
		}
		t.step++
		reply.Loss = shapes.ConvertTo[float64](metrics[0].Value())
		for _, metric := range metrics {
			metric.MustFinalizeAll()
		}
	}
	reply.Seconds = time.Since(began).Seconds()
	return reply, nil
}

func (t *training) update() (work.Reply, error) {
	if t.sparse == nil {
		return work.Reply{}, fmt.Errorf("a dense training has no masks to update")
	}
	began := time.Now()
	update, err := t.sparse.Update(t.step)
	reply := work.Reply{Seconds: time.Since(began).Seconds()}
	if err != nil {
		return reply, err
	}
	if update.Skipped {
		return reply, fmt.Errorf("the mask update was skipped: %s", update.Reason)
	}
	layers := slices.Clone(update.Layers)
	slices.SortStableFunc(layers, func(a, b dstee.LayerUpdate) int { return a.Size - b.Size })
	for _, layer := range layers {
		reply.Active = append(reply.Active, layer.Active)
		reply.Moved += layer.Grown - layer.Regrown
	}
	return reply, nil
}
