package dstee

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// MaskUpdate reports one mask update.
type MaskUpdate struct {
	Step         int // The optimizer step after which it happened, counted from 1.
	Round        int // How many updates were applied so far in the run, this one included.
	DropFraction float64

	// Skipped tells that the masks were left as they were, for the given Reason: a gradient that is NaN or infinite says
	// nothing about where to grow. SkippedRounds counts such updates so far.
	Skipped       bool
	Reason        string
	SkippedRounds int

	Layers []LayerUpdate // Empty if skipped.
}

// LayerUpdate reports the update of one layer's mask.
type LayerUpdate struct {
	Path     string // The weight's path in the store.
	Size     int    // Number of weights.
	Active   int    // Active weights after the update.
	Dropped  int    // Weights dropped, those regrown at once included.
	Grown    int    // Weights grown, those regrown at once included.
	Regrown  int    // Weights dropped and regrown in this same update.
	Explored int    // Weights active in any topology so far.
}

// Totals returns the sum over all layers.
func (r *MaskUpdate) Totals() LayerUpdate {
	var total LayerUpdate
	for _, l := range r.Layers {
		total.Size += l.Size
		total.Active += l.Active
		total.Dropped += l.Dropped
		total.Grown += l.Grown
		total.Regrown += l.Regrown
		total.Explored += l.Explored
	}
	return total
}

// Update updates all masks after the given optimizer step, whatever the schedule of updates says. The loop hook calls
// it; call it only in a training loop of your own.
//
// If the gradient of any layer is NaN or infinite, no mask changes, and the update counts as skipped.
func (s *Sparsifier) Update(step int) (*MaskUpdate, error) {
	if s.layers == nil {
		return nil, fmt.Errorf("dstee: there are no masks to update at step %d: wrap the optimizer with Sparsifier.Optimizer, "+
			"or call Prepare", step)
	}
	round := &MaskUpdate{Step: step, DropFraction: s.dropFraction.Over(s.steps).At(step)}
	for _, l := range s.layers {
		finite, err := s.selector.finite(l.gradient.MustValue())
		if err != nil {
			return nil, fmt.Errorf("dstee: reading the gradient of %q: %w", l.path, err)
		}
		if !finite {
			round.Skipped = true
			round.Reason = fmt.Sprintf("the gradient of %q holds a NaN or an infinity", l.path)
			break
		}
	}
	if !round.Skipped {
		moves, err := s.chooseMoves(step, round.DropFraction)
		if err != nil {
			return nil, err
		}
		if err := s.lendMoves(moves, round); err != nil {
			return nil, err
		}
		for i, l := range s.layers {
			report, err := s.applyMove(l, moves[i])
			if err != nil {
				return nil, err
			}
			round.Layers = append(round.Layers, report)
		}
	}
	if err := s.countRound(round); err != nil {
		return nil, err
	}
	for _, fn := range s.onUpdate {
		if err := fn(round); err != nil {
			return nil, fmt.Errorf("dstee: OnUpdate at step %d: %w", step, err)
		}
	}
	return round, nil
}

// chooseMoves returns the moves of all layers. Nothing is changed yet, so that an error leaves all masks as they were.
func (s *Sparsifier) chooseMoves(step int, dropFraction float64) ([]*moving, error) {
	targets, err := s.targets(s.layers, step)
	if err != nil {
		return nil, err
	}
	all := make([]*moving, len(s.layers))
	var competing []*moving
	for i, l := range s.layers {
		if all[i], err = s.moving(l, targets[i], step); err != nil {
			return nil, err
		}
		if s.scope.competes() && l.competes() {
			competing = append(competing, all[i])
		} else if err := all[i].choose(s.selector, dropFraction); err != nil {
			return nil, fmt.Errorf("dstee: choosing the mask of %q at step %d: %w", l.path, step, s.explain(err))
		}
	}
	if len(competing) > 0 {
		if s.scope.redistribute != nil && s.rank == nil {
			if s.rank, err = s.newUpdater(*s.scope.redistribute, *s.scope.redistribute); err != nil {
				return nil, err
			}
		}
		slices.SortFunc(competing, func(a, b *moving) int { return strings.Compare(a.path, b.path) })
		if err := s.scope.compete(s.selector, competing, dropFraction, s.rank); err != nil {
			return nil, fmt.Errorf("dstee: choosing the masks of layers that compete at step %d: %w", step, s.explain(err))
		}
	}
	if s.reserve != nil {
		for _, l := range all {
			if l.backward, err = s.backwardSet(l); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// moving returns the layer as it is before the update of the given step.
func (s *Sparsifier) moving(l *layer, target, step int) (*moving, error) {
	gradient := l.gradient.MustValue()
	if n := s.gradientsSummed(step); n > 1 {
		var err error
		if gradient, err = s.execs.scaleExec.Call1(gradient, float32(1)/float32(n)); err != nil {
			return nil, fmt.Errorf("dstee: averaging the gradients of %q: %w", l.path, err)
		}
	}
	updater, err := s.updater(l)
	if err != nil {
		return nil, err
	}
	seed := s.layerSeed(l, step)
	state, err := s.layerState(l, gradient)
	if err != nil {
		return nil, err
	}
	state, err = updater.Remember(state, step, seed)
	if err != nil {
		return nil, fmt.Errorf("layer %q: %w", l.path, s.explain(err))
	}
	m := &moving{
		path:    l.path,
		updater: updater,
		layout:  l.layout,
		state:   state,
		active:  l.active,
		target:  target,
		step:    step,
		seed:    seed,
	}
	return m, s.selector.start(m)
}

// layerState is what acquisitions see of the layer in the mask update to come.
func (s *Sparsifier) layerState(l *layer, gradient *tensors.Tensor) (LayerState, error) {
	weights, err := s.allWeights(l)
	if err != nil {
		return LayerState{}, err
	}
	state := LayerState{
		Weight:     weights,
		Gradient:   gradient,
		Mask:       l.mask.MustValue(),
		Visits:     l.visits.MustValue(),
		DropMemory: values(l.dropMemory),
		GrowMemory: values(l.growMemory),
		Path:       l.path,
		Round:      int(tensors.ToScalar[int64](s.rounds.MustValue())) + 1,
		TotalSteps: s.steps,
	}
	if l.momentum != nil {
		state.Momentum = l.momentum.MustValue()
	}
	return state, nil
}

// explain adds to the error of a score what the optimizer does keep.
func (s *Sparsifier) explain(err error) error {
	if !errors.Is(err, errNoMomentum) {
		return err
	}
	var paths []string
	for _, l := range s.layers {
		for _, state := range l.states {
			paths = append(paths, state.Path())
		}
	}
	return fmt.Errorf("%w\nof the sparse layers the optimizer keeps: %q", err, paths)
}

// applyMove gives a layer its new mask: visits count it, and the weights and the optimizer's state that it leaves out
// become zero. Weights that were dropped and regrown keep both.
func (s *Sparsifier) applyMove(l *layer, move *moving) (LayerUpdate, error) {
	fail := func(err error) (LayerUpdate, error) {
		return LayerUpdate{}, fmt.Errorf("dstee: changing the mask of %q: %w", l.path, err)
	}
	var masked []*model.Variable
	if l.reserved == nil {
		masked = append([]*model.Variable{l.weight}, l.states...)
	}
	entered, explored, err := s.selector.apply(move, l.mask, l.visits, masked)
	if err != nil {
		return fail(err)
	}
	if l.reserved != nil {
		if err := s.applyReserve(l, move.backward); err != nil {
			return fail(err)
		}
	}
	memory := errors.Join(setValues(l.dropMemory, move.state.DropMemory), setValues(l.growMemory, move.state.GrowMemory))
	if memory != nil {
		return fail(memory)
	}
	if mean := move.state.Gradient; mean != l.gradient.MustValue() {
		if err := mean.FinalizeAll(); err != nil {
			return fail(err)
		}
	}
	l.active += move.grown() - move.dropped()
	l.explored += explored
	return LayerUpdate{
		Path:     l.path,
		Size:     l.size,
		Active:   l.active,
		Dropped:  move.dropped(),
		Grown:    move.grown(),
		Regrown:  move.grown() - entered,
		Explored: l.explored,
	}, nil
}

// countRound counts the round as applied or skipped, in the store so that a resumed run goes on counting.
func (s *Sparsifier) countRound(round *MaskUpdate) error {
	counter := s.rounds
	if round.Skipped {
		counter = s.skipped
	}
	value := func(counter *model.Variable) int64 { return tensors.ToScalar[int64](counter.MustValue()) }
	if err := counter.SetValue(tensors.FromScalar(value(counter) + 1)); err != nil {
		return fmt.Errorf("dstee: counting the update of step %d: %w", round.Step, err)
	}
	round.Round, round.SkippedRounds = int(value(s.rounds)), int(value(s.skipped))
	return nil
}

// gradientsSummed is how many gradients the layers' gradient variables hold the sum of, after the given update step:
// as many as asked for, or as there were steps since the update before.
func (s *Sparsifier) gradientsSummed(step int) int {
	if s.gradients == 1 {
		return 1
	}
	n := 1
	for n < s.gradients && n < step && !s.updates.At(step-n) {
		n++
	}
	return n
}
