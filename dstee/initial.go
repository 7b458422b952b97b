package dstee

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
)

// Initial is how the first masks are chosen by a score of the initial weights, instead of at random.
type Initial struct {
	// Score ranks the weights: those of highest score are active at first. Of its Signals, Weight and Gradient say
	// something; all weights are in the Mask, no visits are counted, Step is 1 and Round 0. It has no Memory.
	Score Acquisition

	// Gradient is what the score sees as [Signals.Gradient].
	Gradient InitialGradient

	// Temperature divides the outputs of the model while gradients are computed, which flattens the softmax of logits; 0 is 1.
	// It needs the model function, see [Sparsifier.Model].
	Temperature float64

	// Batches is how many batches of training data the gradient is the mean over; 0 is one, or with gradients accumulated as
	// many as make a step.
	Batches int

	// Rounds is in how many rounds weights are pruned: after round r of n, density^(r/n) are left, scored with the others at
	// zero. 0 is one round.
	Rounds int

	// PerLayer ranks the weights of each layer by themselves, which get the counts of the distribution. By default layers
	// compete, and only the total is the distribution's; each keeps at least its best weight.
	PerLayer bool
}

// InitialGradient is a gradient with respect to the initial, dense weights.
type InitialGradient int

const (
	// NoGradient is zero: the score looks at weights alone.
	NoGradient InitialGradient = iota

	// LossGradient is the gradient g of the loss.
	LossGradient

	// HessianGradient is the product H·g of the Hessian of the loss, in all weights that are to be sparse, with its gradient:
	// half the gradient of |g|². It is computed by differences of gradients, for weights of Float32 or Float64.
	HessianGradient

	// SynapticFlow is the gradient, with respect to |W|, of the sum of the outputs of the network with weights |W| for an
	// input of ones. It needs no data, but the model function, see [Sparsifier.Model].
	SynapticFlow
)

// Initial chooses the first masks by a score. The initial weights, the random state, the global step and the optimizer's
// state are what they would be without. Gradients are computed before the first step of the loop, on the first batches of
// the data set, whose iterator starts anew afterwards. A run that is resumed keeps its masks.
//
// Ties go to the first layer by path, then to the lowest flat index. Layers with a density of their own and those with a
// structure do not compete.
func (s *Sparsifier) Initial(initial Initial) *Sparsifier {
	if !(initial.Temperature >= 0) || math.IsInf(initial.Temperature, 1) {
		s.fail(fmt.Errorf("dstee: the temperature of initial masks must be above 0, got %g", initial.Temperature))
	}
	if initial.Batches < 0 || initial.Rounds < 0 {
		s.fail(fmt.Errorf("dstee: initial masks take 1 batch and 1 round at least, got %d and %d", initial.Batches, initial.Rounds))
	}
	if err := initial.Score.check(); err != nil {
		s.fail(fmt.Errorf("%w, as the score of the initial masks", err))
	}
	if len(initial.Score.Memory) > 0 {
		s.fail(fmt.Errorf("dstee: %q cannot score initial masks: it remembers, but there is nothing before", initial.Score.Name))
	}
	s.initial = &initial
	return s
}

// Model wraps the model function to give to the trainer, for initial masks by [SynapticFlow] or with a Temperature. In
// training and evaluation it is the function itself.
func (s *Sparsifier) Model(modelFn train.ModelFn) train.ModelFn {
	s.modelFn = modelFn
	return func(scope *model.Scope, spec any, inputs []*graph.Node) []*graph.Node {
		outputs := modelFn(scope, spec, inputs)
		if s.probe == nil || s.initial.Temperature == 0 {
			return outputs
		}
		cooled := make([]*graph.Node, len(outputs))
		for i, output := range outputs {
			cooled[i] = graph.MulScalar(output, 1/s.initial.Temperature)
		}
		return cooled
	}
}

// chooseFirst chooses the first masks of the layers by the initial score, if that takes no data. counts are those of the
// distribution.
func (s *Sparsifier) chooseFirst(layers []*layer, counts []int) error {
	if s.initial == nil || s.initialMasks != nil || s.hasMasks(layers) {
		return nil
	}
	if s.initial.Gradient != NoGradient {
		return fmt.Errorf("dstee: initial masks by %q need gradients, which are computed when a loop starts: Attach the Sparsifier to it, and "+
			"do not call Prepare", s.initial.Score.Name)
	}
	if err := s.store.InitializeVariables(s.backend, nil); err != nil {
		return fmt.Errorf("dstee: initializing the weights: %w", err)
	}
	choice, err := s.newFirstChoice(layers, counts)
	if err != nil {
		return err
	}
	return choice.prune(func() ([]*tensors.Tensor, error) { return choice.noGradients(), nil })
}

// hasMasks tells whether the store holds the masks of all layers, of a run that goes on.
func (s *Sparsifier) hasMasks(layers []*layer) bool {
	return !slices.ContainsFunc(layers, func(l *layer) bool { return s.store.GetVariable(layerScope(l.path)+"/mask") == nil })
}

// firstMask returns the first mask of a layer: that of the initial score if there is one, else a random one.
func (s *Sparsifier) firstMask(l *layer, count int) (*tensors.Tensor, error) {
	if mask, found := s.initialMasks[l.path]; found {
		return tensors.FromFlatDataAndDimensions(slices.Clone(mask), l.weight.Shape().Dimensions...), nil
	}
	return initialMask(l.weight, l.layout, count, s.seed)
}

// inProportion shares the total of the counts out among the layers at the given indices as they share the active weights now:
// what the initial score gave them, they keep.
func inProportion(layers []*layer, at, counts []int) []int {
	total, active := 0, 0
	now, weights, least, most := make([]int, len(at)), make([]float64, len(at)), make([]int, len(at)), make([]int, len(at))
	for i, index := range at {
		l := layers[index]
		now[i], weights[i], least[i], most[i] = l.active, float64(l.active), 1, l.size
		total += counts[i]
		active += l.active
	}
	if total == active {
		return now
	}
	return shareOut(total, weights, least, most)
}

// firstChoice is the choice of the first masks in progress: layers by their paths, with the initial values of their weights.
type firstChoice struct {
	s       *Sparsifier
	updater *Updater
	layers  []*layer
	counts  []int
	weights []*tensors.Tensor // Initial values, dense.
	masks   [][]bool          // What is left so far.
}

// newFirstChoice starts from all weights. counts are those of the distribution.
func (s *Sparsifier) newFirstChoice(layers []*layer, counts []int) (*firstChoice, error) {
	updater, err := NewUpdater(s.backend, Magnitude(), s.initial.Score.over(s.steps), OnHost)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(layers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(layers[a].path, layers[b].path) })
	c := &firstChoice{s: s, updater: updater}
	for _, i := range order {
		weights, err := layers[i].weight.MustValue().LocalClone()
		if err != nil {
			return nil, fmt.Errorf("dstee: reading weight %q: %w", layers[i].path, err)
		}
		mask := make([]bool, layers[i].size)
		for j := range mask {
			mask[j] = true
		}
		c.layers, c.counts = append(c.layers, layers[i]), append(c.counts, counts[i])
		c.weights, c.masks = append(c.weights, weights), append(c.masks, mask)
	}
	return c, nil
}

// prune chooses the masks, by the gradients that the function returns for the weights left so far, in the order of the
// layers.
func (c *firstChoice) prune(gradients func() ([]*tensors.Tensor, error)) error {
	rounds := max(1, c.s.initial.Rounds)
	for round := 1; round <= rounds; round++ {
		g, err := gradients()
		if err != nil {
			return err
		}
		scores := make([][]float32, len(c.layers))
		for i := range c.layers {
			if scores[i], err = c.score(i, g[i]); err != nil {
				return err
			}
		}
		c.choose(scores, float64(round)/float64(rounds))
	}
	c.s.initialMasks = map[string][]bool{}
	for i, l := range c.layers {
		c.s.initialMasks[l.path] = c.masks[i]
	}
	return nil
}

// score returns the scores of a layer's weights.
func (c *firstChoice) score(i int, gradient *tensors.Tensor) ([]float32, error) {
	l := c.layers[i]
	dims := l.weight.Shape().Dimensions
	weight, err := c.left(i)
	if err != nil {
		return nil, err
	}
	state := LayerState{
		Weight:     weight,
		Gradient:   gradient,
		Mask:       tensors.FromScalarAndDimensions(true, dims...),
		Visits:     tensors.FromScalarAndDimensions(int32(0), dims...),
		Path:       l.path,
		TotalSteps: c.s.steps,
	}
	scores, err := c.updater.GrowScores(state, 1, c.s.layerSeed(l, 0))
	if err != nil {
		return nil, fmt.Errorf("dstee: initial mask of %q: %w", l.path, err)
	}
	for j, score := range scores {
		if c.masks[i][j] && (score != score || math.IsInf(float64(score), 0)) {
			return nil, fmt.Errorf("dstee: initial mask of %q: the score %q is %g at flat index %d, which says nothing; the initial weights or the "+
				"data may be too large", l.path, c.s.initial.Score.Name, score, j)
		}
	}
	return scores, nil
}

// left returns the initial weights that are left so far, the others zero.
func (c *firstChoice) left(i int) (*tensors.Tensor, error) {
	masked, err := c.s.execs.maskExec.Call1(c.weights[i], c.mask(i))
	if err != nil {
		return nil, fmt.Errorf("dstee: masking the initial values of %q: %w", c.layers[i].path, err)
	}
	return masked, nil
}

// allLeft returns what is left of all layers.
func (c *firstChoice) allLeft() ([]*tensors.Tensor, error) {
	all := make([]*tensors.Tensor, len(c.layers))
	for i := range all {
		var err error
		if all[i], err = c.left(i); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// mask returns which of a layer's weights are left so far, Bool.
func (c *firstChoice) mask(i int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(slices.Clone(c.masks[i]), c.layers[i].weight.Shape().Dimensions...)
}

// choose leaves the weights of highest score among those left so far, at the given progress of pruning, from 0 to 1.
func (c *firstChoice) choose(scores [][]float32, progress float64) {
	remaining := func(size, count int) int {
		density := math.Pow(float64(count)/float64(size), progress)
		return max(count, int(math.Round(density*float64(size))))
	}
	var among []*contest
	var competing []int
	size, count := 0, 0
	for i, l := range c.layers {
		if c.s.initial.PerLayer || l.fixed > 0 || !l.layout.plain() {
			c.masks[i] = l.layout.best(scores[i], c.masks[i], remaining(l.size, c.counts[i]))
			continue
		}
		among = append(among, &contest{scores: scores[i], open: bitsetOf(c.masks[i]), selected: newBitset(l.size), best: true})
		competing = append(competing, i)
		size, count = size+l.size, count+c.counts[i]
	}
	if len(among) == 0 {
		return
	}
	topKOnHost(among, remaining(size, count))
	for i, index := range competing {
		among[i].selected.fill(c.masks[index])
	}
}

// best returns the mask of a layer by itself: about n of the open weights, those of highest score that have its structure.
func (l layout) best(scores []float32, open []bool, n int) []bool {
	if l.unit() > 1 {
		scores = unitScoresOnHost(l, scores)
	}
	c := &contest{scores: scores, open: bitsetOf(l.unitsOf(open)), selected: newBitset(l.units())}
	if n = l.round(n) / l.unit(); l.grouped() {
		topKOfGroups(c, l, l.groupCounts(n, slices.Repeat([]bool{true}, l.columns())))
	} else {
		topKOnHost([]*contest{c}, n)
	}
	units := make([]bool, l.units())
	c.selected.fill(units)
	return l.expand(units)
}

// noGradients are zeros of the layers' shapes.
func (c *firstChoice) noGradients() []*tensors.Tensor {
	zeros := make([]*tensors.Tensor, len(c.layers))
	for i, l := range c.layers {
		zeros[i] = tensors.FromScalarAndDimensions(float32(0), l.weight.Shape().Dimensions...)
	}
	return zeros
}

// chooseWithData chooses the first masks before the loop's first step, if the initial score needs gradients and no run goes
// on.
func (s *Sparsifier) chooseWithData(loop *train.Loop, dataset train.Dataset) error {
	store := loop.Trainer.Store()
	if s.initial == nil || s.initial.Gradient == NoGradient || s.layers != nil || s.initialMasks != nil || store.GetVariable(Scope+"/rounds") != nil {
		return nil
	}
	if s.modelFn == nil && (s.initial.Gradient == SynapticFlow || s.initial.Temperature != 0) {
		return fmt.Errorf("dstee: initial masks by %q need the model function: give the trainer Sparsifier.Model(yourModelFn)", s.initial.Score.Name)
	}
	if err := probeInitially(s, loop.Trainer, dataset); err != nil {
		return fmt.Errorf("dstee: choosing the first masks by %q: %w", s.initial.Score.Name, err)
	}
	return nil
}
