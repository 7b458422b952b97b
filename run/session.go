package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// session is a training in the memory of this process: the model, its optimizer, its data, and where they stand.
type session struct {
	*problem
	spec      Spec
	backend   compute.Backend
	batches   *datasets.Batches
	store     *model.Store
	sparse    *dstee.Sparsifier // Nil for the dense method.
	modelFn   train.ModelFn     // The problem's, made sparse.
	trainer   *train.Trainer
	loop      *train.Loop
	at        progress
	savedStep int // The step of the last checkpoint, 0 before the first.

	// What a call of train sets.
	ctx       context.Context
	observer  Observer
	record    *recorder            // Nil for a training in memory.
	afterStep func(measured) error // Nil likewise.
}

// measured is what a training step told.
type measured struct {
	loss     float64 // On the batch.
	accuracy float64 // On the batch, in [0, 1].
}

// newSession returns a session at the step that the checkpoint was written at, or, if it is nil, before the first.
// The caller must close it.
func newSession(ctx context.Context, backend compute.Backend, spec Spec, from *checkpoint.Checkpoint) (*session, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	s := &session{spec: spec, backend: backend, store: model.NewStore()}
	err := s.readData(ctx)
	if err == nil && from != nil {
		err = s.restore(from)
	}
	if err == nil && from == nil {
		if err = s.store.SetRNGStateFromSeed(spec.Seed); err != nil {
			err = fmt.Errorf("seeding the model: %w", err)
		}
	}
	if err == nil {
		err = s.build()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// readData reads the examples, and cuts them into batches.
func (s *session) readData(ctx context.Context) (err error) {
	if s.problem, err = openProblem(ctx, s.spec); err != nil {
		return err
	}
	s.batches, err = datasets.NewBatches(s.training, s.spec.Batch, uint64(s.spec.Seed))
	return err
}

// restore takes the variables and the progress from a checkpoint.
func (s *session) restore(from *checkpoint.Checkpoint) (err error) {
	if s.at, err = progressOf(from); err != nil {
		return err
	}
	return from.Restore(s.store, func(path string) bool {
		return s.spec.Method != Dense || !strings.HasPrefix(path, dstee.Scope+"/")
	})
}

// build makes the training loop.
func (s *session) build() error {
	var err error
	if s.sparse, err = s.spec.sparsifier(); err != nil {
		return err
	}
	chosen, err := s.spec.optimizer(s.store.RootScope())
	if err != nil {
		return err
	}
	s.modelFn = s.model
	if s.sparse != nil {
		s.modelFn, chosen = s.sparse.Model(s.model), s.sparse.Optimizer(chosen)
	}
	s.trainer = train.NewTrainer(s.backend, s.store, s.modelFn, s.task.loss, chosen,
		[]metric.Interface{s.task.perBatch()}, []metric.Interface{s.task.mean()})
	s.loop = train.NewLoop(s.trainer)
	if s.sparse != nil {
		s.sparse.Attach(s.loop)
		s.sparse.OnUpdate(s.updated)
	}
	s.loop.OnStep("session", 0, func(_ *train.Loop, metrics []*tensors.Tensor) error {
		scalar := func(i int) float64 { return shapes.ConvertTo[float64](metrics[i].Value()) }
		return s.stepped(measured{loss: scalar(0), accuracy: scalar(2)})
	})
	return nil
}

// updated takes note of a mask update.
func (s *session) updated(update *dstee.MaskUpdate) error {
	s.at.update(update)
	if s.observer.Update != nil {
		s.observer.Update(update)
	}
	return nil
}

// stepped is called after each step, and the mask update that follows it.
func (s *session) stepped(m measured) error {
	if math.IsNaN(m.loss) || math.IsInf(m.loss, 0) {
		return fmt.Errorf("the loss of step %d is %v: lower the learning rate, now %g", s.at.Step+1, m.loss, s.spec.LearningRate)
	}
	s.at.step(m.loss)
	if s.afterStep != nil {
		if err := s.afterStep(m); err != nil {
			return err
		}
	}
	if s.observer.Step != nil {
		s.observer.Step(s.at.Step, s.at.Loss.Mean)
	}
	return s.ctx.Err()
}

// prefetched is how many batches wait, ready for training: those of images take long to prepare.
const prefetched = 2

// train trains for a number of steps. When ctx is cancelled it stops after the step under way, with ctx's error. After
// an error the session can be saved, if the error is ctx's, and must be closed.
func (s *session) train(ctx context.Context, steps int) error {
	s.ctx = ctx
	began := time.Now()
	_, err := s.loop.RunSteps(datasets.Prefetch(s.batches.StartAt(s.at.Step), prefetched), steps)
	s.at.Seconds += time.Since(began).Seconds()
	if isOf(ctx, err) {
		return ctx.Err()
	}
	var setup *dstee.SetupError
	if errors.As(err, &setup) {
		return setup // Where in GoMLX it came up helps nobody.
	}
	if err != nil {
		return fmt.Errorf("training: %w", err)
	}
	return nil
}

// saved returns the variables that a checkpoint must hold: all but those that the next step, or the data, make anew.
func (s *session) saved() []*model.Variable {
	unsaved := map[*model.Variable]bool{}
	if s.sparse != nil {
		for _, v := range s.sparse.Unsaved() {
			unsaved[v] = true
		}
	}
	var variables []*model.Variable
	for v := range s.store.IterVariables() {
		// The trainer's own are its metrics, which start anew with each of its runs, and the last step of the run.
		own := strings.HasPrefix(v.Path(), "/"+metric.Scope+"/") || strings.HasPrefix(v.Path(), train.TrainerAbsoluteScope+"/")
		if !own && !unsaved[v] && !strings.HasPrefix(v.Path(), dataScope+"/") {
			variables = append(variables, v)
		}
	}
	return variables
}

// summarize evaluates on the test and validation examples, and says what has become of the run. When ctx is cancelled it
// stops, with ctx's error.
func (s *session) summarize(ctx context.Context) (*Summary, error) {
	began := time.Now()
	summary := &Summary{Spec: s.spec, Backend: backendName(s.backend), TargetSparsity: s.spec.Sparsity,
		TrainExamples: s.training.About().Len(), TestExamples: s.test.About().Len(),
		Loss: s.at.Loss.Mean, MaskUpdates: s.at.Rounds, SkippedUpdates: s.at.Skipped}
	if s.at.Step < s.spec.Steps {
		summary.Step = s.at.Step
	}
	if err := s.judge(ctx, summary); err != nil {
		return nil, fmt.Errorf("evaluating: %w", err)
	}
	trained := len(s.loop.TrainStepDurations) > 0
	if !trained && s.sparse != nil { // As if killed between the last step and its evaluation: no step has found the masks.
		if err := s.sparse.Prepare(s.backend, s.store); err != nil {
			return nil, err
		}
	}
	if err := summary.countWeights(s); err != nil {
		return nil, err
	}
	if trained {
		summary.SecondsPerStep = s.loop.MedianTrainStepDuration().Seconds()
	}
	s.at.Seconds += time.Since(began).Seconds()
	summary.Seconds = s.at.Seconds
	return summary, nil
}

// judge fills in how well the model does.
func (s *session) judge(ctx context.Context, summary *Summary) error {
	test, err := s.evaluate(ctx, s.test)
	if err != nil {
		return err
	}
	summary.Accuracy, summary.AUC = test.accuracy, test.auc
	if s.valid == nil {
		return nil
	}
	valid, err := s.evaluate(ctx, s.valid)
	summary.ValidAccuracy, summary.ValidAUC, summary.ValidExamples = &valid.accuracy, valid.auc, s.valid.About().Len()
	return err
}

// close frees the session's memory.
func (s *session) close() { s.store.Finalize() }

// backendName is the name by which --backend knows the backend.
func backendName(backend compute.Backend) string {
	if backend.Name() == "xla" {
		return "xla"
	}
	return "go"
}
