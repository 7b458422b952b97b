package dstee

import (
	"fmt"
	"math"
	"slices"

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

	// Temperature divides the outputs of the model while gradients are computed, which flattens the softmax of logits. Default 1.
	// It needs the model function, see [Sparsifier.Model].
	Temperature float64

	// Batches is how many batches of training data the gradient is the mean over. Default one, or with gradients accumulated as
	// many as make a step.
	Batches int

	// Rounds is in how many rounds weights are pruned: after round r of n, density^(r/n) are left, scored with the others at
	// zero. Default one round.
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
		s.fail(fmt.Errorf("dstee: the temperature of initial masks cannot be negative or infinite, got %g", initial.Temperature))
	}
	if initial.Gradient < NoGradient || initial.Gradient > SynapticFlow {
		s.fail(fmt.Errorf("dstee: there is no InitialGradient(%d), only NoGradient, LossGradient, HessianGradient and SynapticFlow", initial.Gradient))
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
