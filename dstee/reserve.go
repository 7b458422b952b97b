package dstee

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
)

// Reserve keeps the values of inactive weights instead of forgetting them: the forward pass runs on the active weights
// alone, but a larger set, the backward set, is trained, and an update may activate a weight with the value that it has in
// reserve. It is what Top-KAST does (Jayakumar et al., NeurIPS 2020, arXiv 2106.03517).
type Reserve struct {
	// Backward returns the density of the backward set of a layer, in [density, 1], given the density of its active
	// weights. Nil is twice the density.
	Backward func(density float64) float64

	// Decay is the coefficient of the exploration regularizer: the gradient of an active weight w gets Decay·w, that of
	// one in the backward set only gets Decay·w divided by the layer's density, so that weights in reserve must be
	// worth their size.
	Decay float64
}

// Reserve keeps inactive weights in reserve, see [Reserve]. The backward set is that of the highest growth scores, of which
// the active weights are the first: with a drop fraction of 1, see [MethodTopKAST]. Scores see the weights with those in
// reserve.
//
// The stored weights stay sparse; the reserve of the weight with path P is the variable /dstee/P/reserve, its backward set
// /dstee/P/backward (Bool). The optimizer must take gradients, as GoMLX's do.
func (s *Sparsifier) Reserve(r Reserve) *Sparsifier {
	if !(r.Decay >= 0) {
		s.fail(fmt.Errorf("dstee: the decay of weights in reserve cannot be negative, got %g", r.Decay))
	}
	s.reserve = &r
	return s
}

// backward is the density of the backward set.
func (r Reserve) backward(density float64) float64 {
	if r.Backward == nil {
		return min(1, 2*density)
	}
	return min(1, max(density, r.Backward(density)))
}

// backwardCount is how many of a layer's weights are in the backward set when so many are active.
func (r Reserve) backwardCount(active, size int) int {
	return max(active, int(math.Round(r.backward(float64(active)/float64(size))*float64(size))))
}

// reserved is what a layer keeps in reserve.
type reserved struct {
	weights  *model.Variable // Zero where active; of the weights' shape and dtype.
	backward *model.Variable // Bool: the weights that are trained.
	before   *Node           // All weights before the optimizer, in the graph being built.
}

// createReserve moves what the masks leave out of the weights into reserve, and chooses the first backward sets. Values that
// the store already holds are kept.
func (s *Sparsifier) createReserve(l *layer) error {
	scope := layerScope(l.path)
	l.reserved = &reserved{
		weights:  s.store.VariableWithShape(scope+"/reserve", l.weight.Shape(), initializer.Zero).SetTrainable(false),
		backward: s.store.VariableWithShape(scope+"/backward", shapes.Make(dtypes.Bool, l.weight.Shape().Dimensions...), initializer.Zero).SetTrainable(false),
	}
	if l.reserved.weights.HasValue() && l.reserved.backward.HasValue() {
		return nil
	}
	active, rest, err := s.execs.splitExec.Call2(l.weight.MustValue(), l.mask.MustValue())
	if err != nil {
		return fmt.Errorf("dstee: putting inactive weights of %q in reserve: %w", l.path, err)
	}
	if err := errors.Join(l.weight.SetValue(active), l.reserved.weights.SetValue(rest)); err != nil {
		return fmt.Errorf("dstee: putting inactive weights of %q in reserve: %w", l.path, err)
	}
	layer, err := s.moving(l, l.active, 1)
	if err != nil {
		return err
	}
	backward, err := s.backwardSet(layer)
	if err != nil {
		return err
	}
	return l.reserved.backward.SetValue(backward)
}

// backwardSet chooses the backward set of a layer, a Bool tensor.
func (s *Sparsifier) backwardSet(l *moving) (*tensors.Tensor, error) {
	all := *l
	all.target = l.layout.round(s.reserve.backwardCount(l.target, l.layout.size()))
	if err := all.choose(s.selector, 1); err != nil {
		return nil, fmt.Errorf("dstee: choosing the backward set of %q at step %d: %w", l.path, l.step, s.explain(err))
	}
	return s.selector.tensor(&all, all.mask)
}

// allWeights returns the layer's weights with those in reserve.
func (s *Sparsifier) allWeights(l *layer) (*tensors.Tensor, error) {
	if l.reserved == nil {
		return l.weight.MustValue(), nil
	}
	all, err := s.execs.addExec.Call1(l.weight.MustValue(), l.reserved.weights.MustValue())
	if err != nil {
		return nil, fmt.Errorf("dstee: reading the reserve of %q: %w", l.path, err)
	}
	return all, nil
}

// applyReserve gives a layer's weights and reserve the values that its new mask gives them, sets its backward set, and the
// optimizer's state of what that leaves out to zero.
func (s *Sparsifier) applyReserve(l *layer, backward *tensors.Tensor) error {
	all, err := s.allWeights(l)
	if err != nil {
		return err
	}
	active, rest, err := s.execs.splitExec.Call2(all, l.mask.MustValue())
	if err != nil {
		return err
	}
	if err := l.weight.SetValue(active); err != nil {
		return err
	}
	if err := l.reserved.weights.SetValue(rest); err != nil {
		return err
	}
	for _, state := range l.states {
		if err := s.execs.mask(state, backward); err != nil {
			return err
		}
	}
	return l.reserved.backward.SetValue(backward)
}

// trained returns the mask of the weights that the layer trains, in the graph.
func (l *layer) trained(g *Graph) *Node {
	if l.reserved == nil {
		return l.mask.NodeValue(g)
	}
	return l.reserved.backward.NodeValue(g)
}

// explorationDecay returns the gradient of the exploration regularizer, of the shape and dtype of the weights.
func (r Reserve) explorationDecay(g *Graph, l *layer, all *Node) *Node {
	mask := l.mask.NodeValue(g)
	perDensity := Div(Const(g, float32(l.size)), ConvertDType(count(mask), dtypes.Float32))
	factor := Where(mask, OnesLike(ConvertDType(mask, dtypes.Float32)), BroadcastToDims(perDensity, mask.Shape().Dimensions...))
	return Mul(ConvertDType(MulScalar(factor, r.Decay), all.DType()), all)
}

// withReserve shows the optimizer the layer's weights with those in reserve, and returns their gradient with the decay.
func (s *Sparsifier) withReserve(g *Graph, l *layer, gradient *Node) *Node {
	l.reserved.before = Add(l.weight.NodeValue(g), l.reserved.weights.NodeValue(g))
	l.weight.SetNodeValue(l.reserved.before)
	if s.reserve.Decay == 0 {
		return gradient
	}
	return Add(gradient, s.reserve.explorationDecay(g, l, l.reserved.before))
}

// splitInGraph splits what the optimizer made of the weights, all of which it saw, into the active ones and the reserve.
// What is not trained stays as it was.
func (s *Sparsifier) splitInGraph(g *Graph, l *layer) {
	after := Where(l.trained(g), l.weight.NodeValue(g), l.reserved.before)
	mask := l.mask.NodeValue(g)
	l.weight.SetNodeValue(applyMask(mask, after))
	l.reserved.weights.SetNodeValue(applyMask(LogicalNot(mask), after))
}
