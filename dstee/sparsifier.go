package dstee

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train"
)

// Sparsifier makes the training of a GoMLX model sparse. Create it with [New], wrap the optimizer with
// [Sparsifier.Optimizer], attach it to the training loop with [Sparsifier.Attach].
//
// Its options return the Sparsifier itself, so that they chain; they must come before training starts. Options that are
// not valid are reported, before any training, by the loop that it is attached to.
//
// It is not safe for concurrent use.
type Sparsifier struct {
	// Configuration.
	final        float64 // The density given to New.
	density      Schedule
	distribution Distribution
	updates      UpdateSteps
	dropFraction Schedule
	drop, grow   Acquisition
	ownDrop      bool // The drop was set by Drop, and holds for all layers.
	ownGrow      bool // The growth was set by Grow or Exploration, and holds for all layers.
	only         []string
	rules        []rule
	structures   []structureRule
	gradients    int
	momentum     float64 // Of the gradients that scores see, 0 for none.
	totalSteps   int
	static       bool
	initial      *Initial
	reserve      *Reserve
	modelFn      train.ModelFn
	seed         int64
	ownSeed      bool
	place        Place
	scope        scope
	onUpdate     []func(*MaskUpdate) error
	onMove       []func(*LayerMove) error
	err          error

	// State.
	store    *model.Store
	backend  compute.Backend
	layers   []*layer
	loop     *train.Loop
	detached bool
	steps    int // Length of the run, 0 before it is known.

	probe        *probe            // Of the initial scores, while they are computed.
	initialMasks map[string][]bool // By the path of the weight, once they are.

	rounds, skipped *model.Variable
	accumulate      *model.Variable // Bool scalar: whether the next step adds to the gradients. Nil if gradients is 1.

	updaters map[string]*Updater
	rank     *Updater // Of the acquisition to redistribute growth by, nil if there is none.
	selector selector
	execs    *maintenance
}

// layer is a sparse weight and what belongs to it.
type layer struct {
	path                           string
	size                           int
	fixed                          float64 // The layer's own density, 0 if the distribution decides it.
	weight, mask, visits, gradient *model.Variable
	layout                         layout
	states                         []*model.Variable // The base optimizer's state tensors for this weight.
	momentum                       *model.Variable   // That of them which is the first moment; nil if there is none.
	dropMemory, growMemory         []*model.Variable
	reserved                       *reserved // Nil if inactive weights are zero.
	drop, grow                     Acquisition
	active, explored               int // Numbers of weights active now, and in any topology so far.
}

// New returns a Sparsifier that keeps the given share of the weights active, with the defaults of DST-EE: density
// shared out by [ERK], masks updated every [DefaultDeltaT] steps to the end of the run, a drop fraction that anneals
// along a cosine from [DefaultDropFraction] to [LastDropFraction], drop by [Magnitude], growth by [DSTEE].
//
// All weights that are trainable, float and of rank 2 or more become sparse; [Sparsifier.Only], [Sparsifier.KeepDense]
// and [Sparsifier.LayerDensity] choose otherwise.
func New(density float64) *Sparsifier {
	return &Sparsifier{
		final:        density,
		density:      Constant(density),
		distribution: ERK,
		updates:      Every{DeltaT: DefaultDeltaT},
		dropFraction: Cosine{First: DefaultDropFraction, Last: LastDropFraction},
		drop:         Magnitude(),
		grow:         DSTEE(Constant(DefaultC), Constant(DefaultEpsilon)),
		gradients:    1,
		updaters:     make(map[string]*Updater),
	}
}

// FromScope returns a Sparsifier configured by the hyperparameters of the scope, see [ParamDensity] and the others: by
// [ParamMethod] first, then by those of single settings. Drop and growth may differ from layer to layer, by the
// hyperparameters of their scopes.
func FromScope(scope *model.Scope) *Sparsifier {
	s := New(model.GetParamOr(scope, ParamDensity, DefaultDensity))
	if name := model.GetParamOr(scope, ParamMethod, ""); name != "" {
		method, err := MethodByName(name)
		if err != nil {
			s.fail(fmt.Errorf("%w (hyperparameter %q)", err, ParamMethod))
		}
		s.Method(method)
	}
	if name := model.GetParamOr(scope, ParamDistribution, ""); name != "" {
		distribution, found := Distributions[name]
		if !found {
			s.fail(fmt.Errorf("dstee: unknown distribution %q in hyperparameter %q, the known ones are %s", name, ParamDistribution, sortedKeys(Distributions)))
		}
		s.Distribution(distribution)
	}
	if isSet(scope, ParamDeltaT) {
		s.DeltaT(model.GetParamOr(scope, ParamDeltaT, DefaultDeltaT))
	}
	if isSet(scope, ParamDropFraction) {
		s.DropFraction(Cosine{First: model.GetParamOr(scope, ParamDropFraction, DefaultDropFraction), Last: LastDropFraction})
	}
	return s
}

// fail keeps the first error of the options, for the start of the training to report.
func (s *Sparsifier) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Density sets a density that changes with the step. Layers then lose or gain active weights at each mask update; the
// density of step 0 is that of the first masks.
func (s *Sparsifier) Density(density Schedule) *Sparsifier {
	s.density = density
	return s
}

// Distribution sets how the density is shared out among layers. Default [ERK].
func (s *Sparsifier) Distribution(distribution Distribution) *Sparsifier {
	s.distribution = distribution
	return s
}

// Updates sets after which steps the masks are updated. Default [Every] 100 steps, to the end of the run.
func (s *Sparsifier) Updates(updates UpdateSteps) *Sparsifier {
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

// DropFraction sets the share of a layer's active weights that an update drops. Default a cosine from 0.5 to 0.005 over
// the run.
func (s *Sparsifier) DropFraction(fraction Schedule) *Sparsifier {
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
// one alone. If fewer steps lie between two updates, the mean is over those.
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

// Prepare selects the weights that become sparse among the store's variables, creates their masks (or takes those that
// the store holds, of a run that goes on) and sets inactive weights to zero.
//
// Training does it by itself when it builds its first graph. Call it only to look at the layers before training, or in a
// training loop of your own, once the model's variables exist.
func (s *Sparsifier) Prepare(backend compute.Backend, store *model.Store) error {
	return s.prepare(backend, store, func(*model.Variable) bool { return true })
}

// prepare makes the variables sparse that inUse admits. After the first time, it only checks that they are the same.
func (s *Sparsifier) prepare(backend compute.Backend, store *model.Store, inUse func(*model.Variable) bool) error {
	if s.err != nil {
		return s.err
	}
	choices, err := s.chooseWeights(store, inUse)
	if err != nil {
		return err
	}
	if s.layers != nil {
		return s.checkSame(store, choices)
	}
	s.store, s.backend = store, backend
	s.execs, s.selector = newMaintenance(backend), newSelector(backend, s.place.on(backend))
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
	structures, err := chooseStructures(s.store, choices, s.structures)
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

// checkSame reports weights that a later graph uses but the first did not: they have no mask.
func (s *Sparsifier) checkSame(store *model.Store, choices []choice) error {
	if store != s.store {
		return errors.New("dstee: a Sparsifier belongs to one model: this one was already used with another store")
	}
	for _, c := range choices {
		if !slices.ContainsFunc(s.layers, func(l *layer) bool { return l.weight == c.weight }) {
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

// targets returns how many weights of each layer are to be active at the given step: what the distribution allocates, or the
// layer's own density, rounded to what its structure can hold.
func (s *Sparsifier) targets(layers []*layer, step int) ([]int, error) {
	counts := make([]int, len(layers))
	var free []int
	for i, l := range layers {
		if l.fixed > 0 {
			counts[i] = l.layout.active(l.fixed)
			continue
		}
		free = append(free, i)
	}
	// Rounding breaks ties by order. That of the paths is the same in a store that was loaded, that of creation is not.
	slices.SortFunc(free, func(a, b int) int { return strings.Compare(layers[a].path, layers[b].path) })
	freeShapes := make([][]int, len(free))
	for i, at := range free {
		freeShapes[i] = layers[at].weight.Shape().Dimensions
	}
	density := s.density.Over(s.steps).At(step)
	if err := checkDensity(density, fmt.Sprintf("the density at step %d", step)); err != nil {
		return nil, err
	}
	if len(free) == 0 {
		return counts, nil
	}
	allocated, err := Allocate(s.distribution, freeShapes, density)
	if err != nil {
		return nil, err
	}
	if s.layers != nil && s.initial != nil && !s.initial.PerLayer {
		allocated = inProportion(layers, free, allocated)
	}
	for i, count := range allocated {
		counts[free[i]] = layers[free[i]].layout.round(count)
	}
	return counts, nil
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
	if s.momentum > 0 && gradient.DType.IsHalfPrecision() {
		gradient.DType = dtypes.Float32
	}
	l.gradient = s.store.VariableWithShape(layerScope(l.path)+"/gradient", gradient, initializer.Zero).SetTrainable(false)
	if l.dropMemory, err = memoryVariables(s.store, l.weight, "drop", l.drop); err != nil {
		return err
	}
	l.growMemory, err = memoryVariables(s.store, l.weight, "grow", l.grow)
	return err
}

// counter returns an Int64 scalar variable that starts at 0.
func counter(store *model.Store, name string) *model.Variable {
	return store.VariableWithValue(Scope+"/"+name, int64(0)).SetTrainable(false)
}

// updater returns the updater of a layer's acquisitions.
func (s *Sparsifier) updater(l *layer) (*Updater, error) {
	// Only s.drop and s.grow can carry a user's functions; all others are known by their name and the layer's parameters.
	key := fmt.Sprintf("%s %v|%s %v", l.drop.Name, l.drop.Params, l.grow.Name, l.grow.Params)
	if u, found := s.updaters[key]; found {
		return u, nil
	}
	u, err := s.newUpdater(l.drop, l.grow)
	if err == nil {
		s.updaters[key] = u
	}
	return u, err
}

// newUpdater returns an updater by the acquisitions over the run.
func (s *Sparsifier) newUpdater(drop, grow Acquisition) (*Updater, error) {
	return NewUpdater(s.backend, drop.over(s.steps), grow.over(s.steps), s.place)
}

// layerSeed is the seed of the random scores of a layer at a step.
func (s *Sparsifier) layerSeed(l *layer, step int) uint32 {
	hash := fnv.New32a()
	_, _ = fmt.Fprintf(hash, "%d %s %d", s.seed, l.path, step) // Never fails.
	return hash.Sum32()
}

// Unsaved returns the variables that need not be saved in checkpoints, since the next step makes them anew: pass them
// to the checkpoint's ExcludeVars. They exist once training has built its first graph.
func (s *Sparsifier) Unsaved() []*model.Variable {
	if s.gradients > 1 || s.momentum > 0 {
		return nil // A sum over steps cannot be made anew from the last one.
	}
	variables := make([]*model.Variable, len(s.layers))
	for i, l := range s.layers {
		variables[i] = l.gradient
	}
	return variables
}

// Detach ends sparse training and leaves an ordinary GoMLX store: inactive weights are zero, and the masks, visits and
// gradients are deleted. Training on from there is dense.
func (s *Sparsifier) Detach() error {
	if s.detached || s.layers == nil {
		s.detached = true
		return nil
	}
	for _, l := range s.layers {
		if err := s.execs.mask(l.weight, l.mask.MustValue()); err != nil {
			return err
		}
	}
	if err := s.store.DeleteVariablesInScope(Scope); err != nil {
		return fmt.Errorf("dstee: deleting the masks: %w", err)
	}
	s.detached = true
	if s.loop != nil {
		s.loop.Trainer.ResetComputationGraphs() // The compiled steps still read the masks.
	}
	return nil
}

// maintenance holds the small compiled graphs that keep a layer's variables in step with its mask.
type maintenance struct {
	maskExec, scaleExec, addExec, splitExec *Exec
}

func newMaintenance(backend compute.Backend) *maintenance {
	return &maintenance{
		maskExec:  newExec(backend, func(x, mask *Node) *Node { return applyMask(mask, x) }),
		scaleExec: newExec(backend, func(x, factor *Node) *Node { return Mul(x, ConvertDType(factor, x.DType())) }),
		addExec:   newExec(backend, Add),
		splitExec: newExec(backend, func(x, mask *Node) (*Node, *Node) {
			return applyMask(mask, x), applyMask(LogicalNot(mask), x)
		}),
	}
}

// count is the number of true entries, Int32.
func count(mask *Node) *Node { return ReduceAllSum(ConvertDType(mask, dtypes.Int32)) }

// mask sets the variable's entries to zero where the mask is false.
func (m *maintenance) mask(v *model.Variable, mask *tensors.Tensor) error {
	value, err := v.Value()
	if err != nil {
		return fmt.Errorf("dstee: reading %q: %w", v.Path(), err)
	}
	masked, err := m.maskExec.Call1(value, mask)
	if err != nil {
		return fmt.Errorf("dstee: masking %q: %w", v.Path(), err)
	}
	if err := v.SetValue(masked); err != nil {
		return fmt.Errorf("dstee: masking %q: %w", v.Path(), err)
	}
	return nil
}
