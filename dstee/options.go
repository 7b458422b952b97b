package dstee

import (
	"errors"
	"fmt"
)

// Density sets a density in (0, 1] that changes with the step, instead of the constant given to [New]. Layers then lose or
// gain active weights at each mask update; the density of step 0 is that of the first masks. An update whose drop fraction is
// 0 lets no layer gain unless their total does.
func (s *Sparsifier) Density(density Schedule) *Sparsifier {
	if err := checkSchedule(density, "the density"); err != nil {
		s.fail(fmt.Errorf("dstee: %w", err))
	}
	s.density = density
	return s
}

// Distribution sets how the density is shared out among layers. Default [ERK].
func (s *Sparsifier) Distribution(distribution Distribution) *Sparsifier {
	if distribution == nil {
		s.fail(errNoDistribution)
	}
	s.distribution = distribution
	return s
}

// Updates sets after which steps the masks are updated. Default [Every] [DefaultDeltaT] steps, to the end of the run.
func (s *Sparsifier) Updates(updates UpdateSteps) *Sparsifier {
	if updates == nil {
		s.fail(errors.New("dstee: the update steps are nil: to never update the masks, use Static()"))
	}
	s.updates = updates
	return s
}

// DeltaT updates the masks every n steps: from the first and to the last step of [Sparsifier.Updates] if that is [Every],
// by default over the whole run.
func (s *Sparsifier) DeltaT(n int) *Sparsifier {
	every, _ := s.updates.(Every)
	every.DeltaT = n
	return s.Updates(every)
}

// Static never updates the masks: training is sparse with the first, random ones.
func (s *Sparsifier) Static() *Sparsifier {
	s.static = true
	return s
}

// DropFraction sets the share of a layer's active weights that an update drops, in [0, 1]; it is rounded up to whole weights.
// Default a cosine from [DefaultDropFraction] to [LastDropFraction] over the run.
func (s *Sparsifier) DropFraction(fraction Schedule) *Sparsifier {
	if err := checkSchedule(fraction, "the drop fraction"); err != nil {
		s.fail(fmt.Errorf("dstee: %w", err))
	}
	s.dropFraction = fraction
	return s
}

// Drop sets the score by which active weights are kept, for all layers. Default that of the method, [Magnitude] without one,
// or the layers' [ParamDrop].
func (s *Sparsifier) Drop(drop Acquisition) *Sparsifier {
	s.drop, s.ownDrop = drop, true
	return s
}

// Grow sets the score by which inactive weights are activated, for all layers. Default that of the method, [DSTEE] without
// one, or the layers' [ParamGrow].
func (s *Sparsifier) Grow(grow Acquisition) *Sparsifier {
	s.grow, s.ownGrow = grow, true
	return s
}

// Exploration grows by [DSTEE] with the given c and ε, for all layers. A larger c explores more. Defaults [DefaultC]
// and [DefaultEpsilon].
func (s *Sparsifier) Exploration(c, epsilon Schedule) *Sparsifier { return s.Grow(DSTEE(c, epsilon)) }

// Only restricts sparsity to the weights whose path matches one of the regular expressions. All others stay dense.
func (s *Sparsifier) Only(patterns ...string) *Sparsifier {
	s.only = append(s.only, patterns...)
	return s
}

// KeepDense keeps the weights whose path matches one of the regular expressions dense: they have no mask, and no part in
// the global density. Of all patterns of KeepDense and LayerDensity, the first that matches a weight decides.
func (s *Sparsifier) KeepDense(patterns ...string) *Sparsifier {
	for _, pattern := range patterns {
		s.rules = append(s.rules, rule{pattern, 1})
	}
	return s
}

// LayerDensity sets the density of each layer whose path matches the regular expression. It then has no part in the
// global density. Density 1 is KeepDense.
func (s *Sparsifier) LayerDensity(pattern string, density float64) *Sparsifier {
	s.rules = append(s.rules, rule{pattern, density})
	return s
}

// GradientBatches scores growth by the mean of the gradients of the last n steps before the update, instead of the last
// one alone. If fewer steps lie between two updates, the mean is over those. For weights of 16 bits the sum is Float32.
func (s *Sparsifier) GradientBatches(n int) *Sparsifier {
	if n < 1 {
		s.fail(fmt.Errorf("dstee: growth needs the gradient of at least 1 batch, got %d", n))
	}
	s.gradients = n
	return s
}

// GradientMomentum lets scores see, as [Signals.Gradient], the momentum of the dense gradient instead of the last one:
//
//	m = beta·m + (1-beta)·∂L/∂W
//
// after each step, starting from 0; beta is in [0, 1), 0 is no momentum. An entry of the gradient that is not finite leaves
// m as it was. It is what SNFS grows by; base optimizers cannot tell it, since they never see the gradient of inactive
// weights. For weights of 16 bits m is Float32.
func (s *Sparsifier) GradientMomentum(beta float64) *Sparsifier {
	if !(beta >= 0 && beta < 1) {
		s.fail(fmt.Errorf("dstee: the momentum of gradients must be in [0, 1), got %g", beta))
	}
	s.momentum = beta
	return s
}

// TotalSteps sets the number of optimizer steps of the whole run, for schedules without an end. It is needed where the
// loop does not know it: with Loop.RunEpochs, or if the run is made of several calls of Loop.RunSteps. Otherwise it is
// the loop's last step.
func (s *Sparsifier) TotalSteps(n int) *Sparsifier {
	if n < 1 {
		s.fail(fmt.Errorf("dstee: a run has at least 1 step, got TotalSteps(%d)", n))
	}
	s.totalSteps, s.steps = n, n
	return s
}

// Seed sets the seed of the first masks and of random scores. Default the hyperparameter [ParamSeed].
func (s *Sparsifier) Seed(seed int64) *Sparsifier {
	s.seed, s.ownSeed = seed, true
	return s
}

// Place sets where updates select weights. Default [Auto].
func (s *Sparsifier) Place(place Place) *Sparsifier {
	s.place = place
	return s
}

// OnUpdate calls fn after each mask update, also of those skipped. An error of fn stops the training.
func (s *Sparsifier) OnUpdate(fn func(*MaskUpdate) error) *Sparsifier {
	s.onUpdate = append(s.onUpdate, fn)
	return s
}
