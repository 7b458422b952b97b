package dstee

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Prepare selects the weights that become sparse among the store's variables, creates their masks (or takes those that
// the store holds, of a run that goes on) and sets inactive weights to zero.
//
// Training does it by itself when it builds its first graph. Call it only to look at the layers before training, or in a
// training loop of your own, once the model's variables exist.
//
// Of a store that was loaded, the state of optimizers is told from weights by its path: a scope, the path of the weight, and a
// suffix. It is an error if the store's masks do not fit the weights, or after [Sparsifier.Detach].
func (s *Sparsifier) Prepare(backend compute.Backend, store *model.Store) (err error) {
	if s.detached {
		return errors.New("dstee: there are no masks after Detach: for new ones, make a new Sparsifier")
	}
	// The store panics if a variable has another shape than asked for, as one of a model that has changed since.
	caught := exceptions.TryCatch[error](func() {
		err = s.prepare(backend, store, func(v *model.Variable) bool { return !isState(store, v) })
	})
	return errors.Join(err, caught)
}

// prepare makes the variables sparse that inUse admits. After the first time, it only checks that they are the same.
func (s *Sparsifier) prepare(backend compute.Backend, store *model.Store, inUse func(*model.Variable) bool) error {
	if s.err != nil {
		return s.err
	}
	if s.layers != nil {
		return s.checkSame(store, inUse)
	}
	choices, err := s.chooseWeights(store, inUse)
	if err != nil {
		return err
	}
	s.store, s.backend = store, backend
	s.execs = newMaintenance(backend)
	s.selector = newSelector(backend, s.place.on(backend), s.execs)
	layers, err := s.newLayers(choices)
	if err != nil {
		return err
	}
	for _, l := range layers {
		if l.drop, l.grow, err = s.acquisitions(store.Scope(l.weight.Scope())); err != nil {
			return err
		}
	}
	if s.scope.competes() && !slices.ContainsFunc(layers, (*layer).competes) {
		return errors.New("dstee: no layers can compete or share growth: DropGlobally, GrowGlobally and Redistribute are for layers " +
			"without a structure whose density the distribution decides, and there are none")
	}
	counts, err := s.targets(layers, 0)
	if err != nil {
		return err
	}
	if err := s.chooseFirst(layers, counts); err != nil {
		return err
	}
	for i, l := range layers {
		if err := s.createMask(l, counts[i]); err != nil {
			return err
		}
	}
	if s.static {
		if err := s.checkStatic(layers, counts); err != nil {
			return err
		}
	}
	s.rounds = counter(store, "rounds")
	s.skipped = counter(store, "skipped")
	if s.gradients > 1 {
		s.accumulate = store.VariableWithValue(Scope+"/accumulate", false).SetTrainable(false)
	}
	if err := store.InitializeVariables(backend, nil); err != nil {
		return fmt.Errorf("dstee: initializing the weights: %w", err)
	}
	for _, l := range layers {
		if s.reserve != nil {
			if err := s.createReserve(l); err != nil {
				return err
			}
		}
		if err := s.execs.mask(l.weight, l.mask.MustValue()); err != nil {
			return err
		}
	}
	s.layers = layers
	return nil
}

// chooseWeights returns the weights to make sparse, among those that inUse admits.
func (s *Sparsifier) chooseWeights(store *model.Store, inUse func(*model.Variable) bool) ([]choice, error) {
	var candidates []*model.Variable
	for v := range store.IterVariables() {
		if candidate(v) && inUse(v) {
			candidates = append(candidates, v)
		}
	}
	if !s.ownSeed {
		s.seed = seedOf(store)
	}
	return selectWeights(store, candidates, s.only, s.rules)
}

// newLayers returns the layers of the weights chosen in the Sparsifier's store, each with its structure.
func (s *Sparsifier) newLayers(choices []choice) ([]*layer, error) {
	structures, err := chooseStructures(s.store, choices, s.structures, s.structure)
	if err != nil {
		return nil, err
	}
	layers := make([]*layer, len(choices))
	for i, c := range choices {
		layers[i] = &layer{path: c.weight.Path(), size: c.weight.Shape().Size(), fixed: c.density, weight: c.weight}
		if err := layers[i].setStructure(structures[i]); err != nil {
			return nil, err
		}
	}
	return layers, nil
}

// checkSame reports weights that a later graph uses but the first did not: they have no mask. That it leaves some out, which
// patterns may be about, is all right.
func (s *Sparsifier) checkSame(store *model.Store, inUse func(*model.Variable) bool) error {
	if store != s.store {
		return errors.New("dstee: a Sparsifier belongs to one model: this one was already used with another store")
	}
	choices, err := s.chooseWeights(store, func(*model.Variable) bool { return true })
	if err != nil {
		return err
	}
	for _, c := range choices {
		if inUse(c.weight) && !slices.ContainsFunc(s.layers, func(l *layer) bool { return l.weight == c.weight }) {
			return fmt.Errorf("dstee: the weight %q appeared after the masks were made: call Prepare once all of the model's "+
				"variables exist, before training", c.weight.Path())
		}
	}
	return nil
}

// acquisitions returns the drop and growth of the layers in the scope.
func (s *Sparsifier) acquisitions(scope *model.Scope) (drop, grow Acquisition, err error) {
	drop, grow = s.drop, s.grow
	if name := model.GetParamOr(scope, ParamDrop, ""); name != "" && !s.ownDrop {
		if drop, err = DropByName(name); err != nil {
			return drop, grow, fmt.Errorf("%w (hyperparameter %q in scope %q)", err, ParamDrop, scope.Scope())
		}
	}
	if !s.ownGrow {
		if name := model.GetParamOr(scope, ParamGrow, ""); name != "" {
			if grow, err = GrowthByName(name, Constant(DefaultC), Constant(DefaultEpsilon)); err != nil {
				return drop, grow, fmt.Errorf("%w (hyperparameter %q in scope %q)", err, ParamGrow, scope.Scope())
			}
		}
		for name, key := range map[string]string{"c": ParamC, "epsilon": ParamEpsilon} {
			if isSet(scope, key) && grow.has(name) {
				grow = grow.WithSchedule(name, Constant(model.GetParamOr(scope, key, 0.0)))
			}
		}
	}
	return drop, grow, errors.Join(drop.check(), grow.check())
}

// createMask gives a layer its mask, visits and gradient variables. Values that the store already holds are kept.
func (s *Sparsifier) createMask(l *layer, count int) error {
	l.mask = maskVariable(s.store, l.weight, l.layout, count)
	if !l.mask.HasValue() {
		mask, err := s.firstMask(l, count)
		if err != nil {
			return err
		}
		if err := l.mask.SetValue(mask); err != nil {
			return fmt.Errorf("dstee: setting the mask of %q: %w", l.path, err)
		}
	}
	visits := make([]int32, l.size)
	var wrong error
	err := tensors.ConstFlatData(l.mask.MustValue(), func(mask []bool) {
		wrong = l.layout.check(mask)
		l.active = countTrue(mask)
		for i, active := range mask {
			if active {
				visits[i] = 1
			}
		}
	})
	if err != nil {
		return fmt.Errorf("dstee: reading the mask of %q: %w", l.path, err)
	}
	if wrong != nil {
		return fmt.Errorf("dstee: the store's mask of %q cannot be used: %w", l.path, wrong)
	}
	dims := l.weight.Shape().Dimensions
	l.visits = s.store.VariableWithValue(layerScope(l.path)+"/visits", tensors.FromFlatDataAndDimensions(visits, dims...)).
		SetTrainable(false)
	err = tensors.ConstFlatData(l.visits.MustValue(), func(visits []int32) { l.explored = countPositive(visits) })
	if err != nil {
		return fmt.Errorf("dstee: reading the visits of %q: %w", l.path, err)
	}
	gradient := shapes.Make(l.weight.DType(), dims...)
	if (s.momentum > 0 || s.gradients > 1) && gradient.DType.IsHalfPrecision() {
		gradient.DType = dtypes.Float32
	}
	l.gradient = s.store.VariableWithShape(layerScope(l.path)+"/gradient", gradient, initializer.Zero).SetTrainable(false)
	if l.dropMemory, err = memoryVariables(s.store, l.weight, "drop", l.drop); err != nil {
		return err
	}
	l.growMemory, err = memoryVariables(s.store, l.weight, "grow", l.grow)
	return err
}

// checkStatic says whether masks that never move, which the store may have held before, are those of the density.
func (s *Sparsifier) checkStatic(layers []*layer, counts []int) error {
	active, want := 0, 0
	for i, l := range layers {
		if l.layout.plain() {
			active += l.active
			want += counts[i]
		}
	}
	if active != want {
		return fmt.Errorf("dstee: the store's masks leave %d weights active, but density %s is %d of them, and static masks never move: "+
			"give the density that they were made for, or let them move", active, s.density, want)
	}
	return nil
}

// counter returns an Int64 scalar variable that starts at 0.
func counter(store *model.Store, name string) *model.Variable {
	return store.VariableWithValue(Scope+"/"+name, int64(0)).SetTrainable(false)
}
