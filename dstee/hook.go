package dstee

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
)

// HookPriority is the priority of the loop hooks of [Sparsifier.Attach]: they run before all hooks of higher priority,
// such as those that save checkpoints (100 by GoMLX's custom) or show progress (0). Hence what is saved is sparse.
const HookPriority train.Priority = -100

// Attach makes the loop update the masks. Attaching to the same loop again changes nothing. Before its first step the loop
// checks the options, and fails with an error if they cannot work, for instance if no update would fall within the run.
func (s *Sparsifier) Attach(loop *train.Loop) {
	if s.loop == loop {
		return
	}
	s.loop = loop
	loop.OnStart("dstee", HookPriority, s.start)
	loop.OnStep("dstee", HookPriority, func(loop *train.Loop, _ []*tensors.Tensor) error {
		every := microSteps(loop)
		if (loop.LoopStep+1)%every != 0 {
			return nil // Gradients are accumulating: the optimizer did not step.
		}
		return s.AfterStep((loop.LoopStep + 1) / every)
	})
}

// microSteps is how many steps of the loop make one step of the optimizer.
func microSteps(loop *train.Loop) int { return max(1, loop.Trainer.NumAccumulatingSteps()) }

// start checks the options against the run that begins.
func (s *Sparsifier) start(loop *train.Loop, dataset train.Dataset) error {
	if s.err != nil {
		return s.err
	}
	if s.detached {
		return nil
	}
	every := microSteps(loop)
	steps := s.totalSteps
	if steps == 0 {
		if loop.EndStep < 0 {
			return errors.New("dstee: this loop does not know how many steps it will run, and schedules must know where they end: " +
				"set Sparsifier.TotalSteps")
		}
		steps = loop.EndStep / every
	}
	if steps != s.steps {
		clear(s.updaters) // They hold schedules that end with the run, and so does rank.
		s.rank = nil
	}
	s.steps = steps
	if err := s.checkSchedules(); err != nil {
		return err
	}
	keepRandomState(loop.Trainer.Store())
	if every > 1 && s.layers == nil {
		// The optimizer's graph is first built after some micro-batches, but those must run on sparse weights too:
		// evaluating one batch makes the model's variables.
		if err := buildModel(loop.Trainer, dataset); err != nil {
			return fmt.Errorf("dstee: building the model before gradients accumulate: %w", err)
		}
		if err := s.chooseWithData(loop, dataset); err != nil {
			return err
		}
		return s.Prepare(loop.Trainer.Backend(), loop.Trainer.Store())
	}
	return s.chooseWithData(loop, dataset)
}

// buildModel evaluates the first batch of the data set.
func buildModel(trainer *train.Trainer, dataset train.Dataset) error {
	for batch, err := range dataset.Iter() {
		if err != nil {
			return err
		}
		metrics, err := trainer.EvalStep(batch)
		for _, metric := range metrics {
			metric.MustFinalizeAll()
		}
		return err
	}
	return errors.New("the data set is empty")
}

// checkSchedules says what is wrong with the schedules, for the length of the run.
func (s *Sparsifier) checkSchedules() error {
	if err := checkDensity(s.density.At(0), "the density at step 0"); err != nil {
		return err
	}
	if s.momentum > 0 && s.gradients > 1 {
		return fmt.Errorf("dstee: scores see either the momentum of gradients or the mean over batches: use GradientMomentum(%g) or "+
			"GradientBatches(%d), not both", s.momentum, s.gradients)
	}
	if s.reserve != nil && s.scope.competes() {
		return errors.New("dstee: layers with weights in reserve do not compete: use Reserve without DropGlobally, GrowGlobally and Redistribute")
	}
	if s.static {
		return nil
	}
	if err := checkUpdateSteps(s.updates, s.steps); err != nil {
		return err
	}
	updates := s.updates.Over(s.steps)
	fraction, density := s.dropFraction.Over(s.steps), s.density.Over(s.steps)
	last := 0
	for step := updates.Next(0); step > 0 && step <= s.steps; step = updates.Next(step) {
		if step <= last {
			return fmt.Errorf("dstee: the update steps (%s) get nowhere: the update after step %d is that of step %d", updates, last, step)
		}
		last = step
		if f := fraction.At(step); !(f >= 0 && f <= 1) {
			return fmt.Errorf("dstee: the drop fraction (%s) must be in [0, 1], at step %d it is %g", fraction, step, f)
		}
		if err := checkDensity(density.At(step), fmt.Sprintf("the density (%s) at step %d", density, step)); err != nil {
			return err
		}
	}
	if now, end := density.At(last), density.At(s.steps); now != end && end == density.At(s.steps+1) {
		return fmt.Errorf("dstee: at the last mask update, step %d, the density is %g, but at step %d, the end of the run, it is to be %g (%s): "+
			"let it end earlier, or choose a ΔT with an update at its end", last, now, s.steps, end, density)
	}
	return nil
}

// AfterStep does what is due after the given optimizer step, counted from 1: it updates the masks if the schedule of
// updates says so. The loop hook calls it; call it only in a training loop of your own.
func (s *Sparsifier) AfterStep(step int) error {
	if s.detached {
		return nil
	}
	if s.layers == nil {
		return errors.New("dstee: attached to a loop whose optimizer is not wrapped: give the trainer Sparsifier.Optimizer(yourOptimizer)")
	}
	updated := false
	if !s.static && s.updates.Over(s.steps).At(step) {
		if _, err := s.Update(step); err != nil {
			return err
		}
		updated = true
	}
	return s.setAccumulate(step, updated)
}

// setAccumulate tells the next step whether to add its gradient to the ones before: it does in the last
// [Sparsifier.GradientBatches] steps before an update, but for the first of them.
func (s *Sparsifier) setAccumulate(step int, updated bool) error {
	if s.accumulate == nil || s.static {
		return nil
	}
	next := s.updates.Over(s.steps).Next(step)
	add := !updated && next > 0 && step+1 > next-s.gradients+1
	if tensors.ToScalar[bool](s.accumulate.MustValue()) == add {
		return nil
	}
	if err := s.accumulate.SetValue(tensors.FromScalar(add)); err != nil {
		return fmt.Errorf("dstee: at step %d: %w", step, err)
	}
	return nil
}
