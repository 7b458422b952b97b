// Package run trains: from a [Spec] to a [Summary].
package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// Observer is told how a run goes. Its functions may be nil.
type Observer struct {
	Step   func(step int, loss float64)   // After each optimizer step, counted from 1; loss is its moving average.
	Update func(update *dstee.MaskUpdate) // After each mask update.
}

// Train trains as the spec says, on the backend, and evaluates on the test split after the last step. When the context
// is cancelled it stops after the step under way, with the context's error.
func Train(ctx context.Context, backend compute.Backend, spec Spec, observer Observer) (*Summary, error) {
	begin := time.Now()
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	training, test, err := data[spec.Data]()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", spec.Data, err)
	}
	batches, err := datasets.NewBatches(training, spec.Batch, uint64(spec.Seed))
	if err != nil {
		return nil, err
	}
	evaluation, err := datasets.NewEvaluation(test, test.Len())
	if err != nil {
		return nil, err
	}
	sparse, err := spec.sparsifier()
	if err != nil {
		return nil, err
	}
	store := model.NewStore()
	defer store.Finalize()
	if err := store.SetRNGStateFromSeed(spec.Seed); err != nil {
		return nil, fmt.Errorf("seeding the model: %w", err)
	}
	trainer, loop, err := newLoop(backend, store, spec, training.Classes, sparse)
	if err != nil {
		return nil, err
	}

	entered := map[string]int{}
	summary := &Summary{Spec: spec, Backend: backendName(backend), TargetSparsity: spec.Sparsity,
		TrainExamples: training.Len(), TestExamples: test.Len()}
	if sparse != nil {
		sparse.OnUpdate(func(update *dstee.MaskUpdate) error {
			summary.MaskUpdates, summary.SkippedUpdates = update.Round, update.SkippedRounds
			for _, l := range update.Layers {
				entered[l.Path] += l.Grown - l.Regrown
			}
			if observer.Update != nil {
				observer.Update(update)
			}
			return nil
		})
	}
	loop.OnStep("observer", 0, func(loop *train.Loop, metrics []*tensors.Tensor) error {
		summary.Loss = shapes.ConvertTo[float64](metrics[1].Value())
		if observer.Step != nil {
			observer.Step(loop.LoopStep+1, summary.Loss)
		}
		return ctx.Err()
	})
	if _, err := loop.RunSteps(batches.StartAt(loop.LoopStep), spec.Steps); err != nil {
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil, fmt.Errorf("stopped after %d of %d steps: %w", loop.LoopStep+1, spec.Steps, ctx.Err())
		}
		return nil, fmt.Errorf("training: %w", err)
	}
	metrics, err := trainer.Eval(evaluation)
	if err != nil {
		return nil, fmt.Errorf("evaluating: %w", err)
	}
	summary.Accuracy = shapes.ConvertTo[float64](metrics[len(metrics)-1].Value())
	if err := summary.countWeights(backend, store, sparse, training, entered); err != nil {
		return nil, err
	}
	summary.SecondsPerStep = loop.MedianTrainStepDuration().Seconds()
	summary.Seconds = time.Since(begin).Seconds()
	return summary, nil
}

// newLoop returns the training loop of the spec's model.
func newLoop(backend compute.Backend, store *model.Store, spec Spec, classes int, sparse *dstee.Sparsifier) (*train.Trainer, *train.Loop, error) {
	base, err := optimizers.ByName(store.RootScope(), spec.Optimizer)
	if err != nil {
		return nil, nil, err
	}
	var chosen optimizer.Interface = optimizers.Scheduled(base, optimizers.Cosine{Rate: spec.LearningRate, Length: spec.Steps})
	modelFn := modelFns[spec.Model](classes)
	if sparse != nil {
		modelFn, chosen = sparse.Model(modelFn), sparse.Optimizer(chosen)
	}
	accuracy := metric.NewSparseCategoricalAccuracy("Accuracy", "#acc")
	trainer := train.NewTrainer(backend, store, modelFn, loss.SparseCategoricalCrossEntropyLogits, chosen,
		nil, []metric.Interface{accuracy})
	loop := train.NewLoop(trainer)
	if sparse != nil {
		sparse.Attach(loop)
	}
	return trainer, loop, nil
}

// backendName is the name by which --backend knows the backend.
func backendName(backend compute.Backend) string {
	if backend.Name() == "xla" {
		return "xla"
	}
	return "go"
}
