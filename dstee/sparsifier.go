package dstee

import (
	"fmt"
	"hash/fnv"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
)

// Sparsifier makes the training of a GoMLX model sparse. Create it with [New], wrap the optimizer with
// [Sparsifier.Optimizer], attach it to the training loop with [Sparsifier.Attach].
//
// Its options return the Sparsifier itself, so that they chain; they must come before training starts. Options that are
// not valid are reported, before any training, by the loop that it is attached to.
//
// A store holds the masks of one Sparsifier: to train layers in several ways, use [Sparsifier.LayerDensity],
// [Sparsifier.Structure] and the hyperparameters of their scopes. It is not safe for concurrent use.
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
	structure    Structure // Of the method, for layers without one of their own.
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
	s.layers, s.detached = nil, true
	if s.loop != nil {
		s.loop.Trainer.ResetComputationGraphs() // The compiled steps still read the masks.
	}
	return nil
}
