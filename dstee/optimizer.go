package dstee

import (
	"errors"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Optimizer wraps the optimizer of a model so that its training is sparse: the wrapper keeps the dense gradient for
// growth, gives base the gradient of the active weights, and masks the weights and base's state after base's update.
//
// Any base will do. One that takes gradients (GoMLX's SGD and Adam families, and package optimizers) never sees those
// of inactive weights. One that computes them itself does, but neither its state nor the weights keep them.
//
// State is masked if it has a weight's shape, and a path that holds the weight's, as GoMLX's optimizers name it; if it holds
// several, the longest counts. State named otherwise belongs to the only weight of its shape, or to the only weight whose
// gradient it is computed from.
func (s *Sparsifier) Optimizer(base optimizer.Interface) optimizer.Interface {
	return &sparseOptimizer{s: s, base: base}
}

// sparseOptimizer is base with masks.
type sparseOptimizer struct {
	s    *Sparsifier
	base optimizer.Interface
}

var (
	_ optimizer.Interface         = (*sparseOptimizer)(nil)
	_ train.OptimizeWithGradients = (*sparseOptimizer)(nil)
)

// UpdateGraph implements optimizer.Interface.
func (o *sparseOptimizer) UpdateGraph(scope *model.Scope, g *Graph, loss *Node) {
	if o.s.detached {
		o.base.UpdateGraph(scope, g, loss)
		return
	}
	if !loss.Shape().IsScalar() {
		exceptions.Panicf("dstee: the loss to optimize must be a scalar, got shape %s", loss.Shape())
	}
	keepRandomState(scope.Store())
	grads := scope.BuildTrainableVariablesGradientsGraph(loss)
	if o.s.probe != nil {
		o.s.probe.observe(scope, grads)
		return
	}
	if _, ok := o.base.(train.OptimizeWithGradients); ok {
		o.UpdateGraphWithGradients(scope, grads, loss.DType())
		return
	}
	if o.s.reserve != nil {
		exceptions.Panicf("dstee: the optimizer %T cannot train weights in reserve: it does not implement train.OptimizeWithGradients", o.base)
	}
	o.s.mustPrepare(scope, g)
	o.s.keepGradients(scope, g, grads)
	o.base.UpdateGraph(scope, g, loss)
	o.s.maskVariables(g, nil)
}

// UpdateGraphWithGradients implements train.OptimizeWithGradients, which accumulating gradients needs.
func (o *sparseOptimizer) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, lossDType dtypes.DType) {
	if o.s.probe != nil {
		o.s.probe.observe(scope, grads)
		return
	}
	base, ok := o.base.(train.OptimizeWithGradients)
	if !ok {
		exceptions.Panicf("dstee: the optimizer %T cannot take accumulated gradients: it does not implement train.OptimizeWithGradients", o.base)
	}
	if len(grads) == 0 {
		exceptions.Panicf("dstee: the model has no trainable variable")
	}
	if o.s.detached {
		base.UpdateGraphWithGradients(scope, grads, lossDType)
		return
	}
	g := grads[0].Graph()
	o.s.mustPrepare(scope, g)
	grads = slices.Clone(grads)
	sources := o.s.keepGradients(scope, g, grads)
	base.UpdateGraphWithGradients(scope, grads, lossDType)
	o.s.maskVariables(g, sources)
}

// Clear implements optimizer.Interface. It keeps masks and visits, which belong to the weights.
func (o *sparseOptimizer) Clear(scope *model.Scope) error { return o.base.Clear(scope) }

// sparsifierGraphParam is the Sparsifier that masks the graph's weights.
const sparsifierGraphParam = "sparsifier"

// mustPrepare prepares the trainable variables of the graph, and panics on error.
func (s *Sparsifier) mustPrepare(scope *model.Scope, g *Graph) {
	own := scope.Store().Scope(Scope)
	if other, found := own.GetGraphParam(g, sparsifierGraphParam); found && other != s {
		panic(&SetupError{errors.New("dstee: the optimizer is wrapped by two Sparsifiers, but a store holds the masks of one Sparsifier only: " +
			"to train layers in several ways, set hyperparameters in their scopes, or LayerDensity and Structure")})
	}
	own.SetGraphParam(g, sparsifierGraphParam, s)
	err := s.prepare(g.Backend(), scope.Store(), func(v *model.Variable) bool { return v.InUseByGraph(g) })
	if err != nil {
		panic(&SetupError{err})
	}
}

// keepRandomState keeps GoMLX's random state out of the optimizer's hands. A checkpoint loads it as a trainable variable;
// "trained", it would make the resumed run differ from the one that was saved.
func keepRandomState(store *model.Store) {
	if state := store.GetVariable("/" + model.RNGStateVariableName); state != nil {
		state.SetTrainable(false)
	}
}

// keepGradients stores the dense gradients of the sparse layers, and replaces them in grads by those of the active
// weights. grads has one entry per trainable variable in use, in the order of the scope's variables. It returns the
// layers by the node of their masked gradient.
func (s *Sparsifier) keepGradients(scope *model.Scope, g *Graph, grads []*Node) map[*Node]*layer {
	layers := make(map[*model.Variable]*layer, len(s.layers))
	for _, l := range s.layers {
		layers[l.weight] = l
	}
	sources := make(map[*Node]*layer, len(s.layers))
	i := 0
	for v := range scope.IterVariables() {
		if !v.Trainable || !v.InUseByGraph(g) {
			continue
		}
		if l := layers[v]; l != nil {
			l.gradient.SetNodeValue(s.gathered(l.gradient.NodeValue(g), grads[i]))
			if l.reserved != nil {
				grads[i] = s.withReserve(g, l, grads[i])
			}
			grads[i] = applyMask(l.trained(g), grads[i])
			sources[grads[i]] = l
		}
		i++
	}
	return sources
}

// gathered returns what scores see of the gradients up to this step's: it alone, a sum, or a momentum.
func (s *Sparsifier) gathered(before, gradient *Node) *Node {
	gradient = ConvertDType(gradient, before.DType())
	switch {
	case s.accumulate != nil:
		return Where(s.accumulate.NodeValue(gradient.Graph()), Add(before, gradient), gradient)
	case s.momentum > 0:
		momentum := Add(MulScalar(before, s.momentum), MulScalar(gradient, 1-s.momentum))
		return Where(IsFinite(momentum), momentum, before)
	}
	return gradient
}

// maskVariables masks the weights and the base optimizer's state in the graph, after the base's update. sources are the
// layers by the gradient given to the base, nil if the base computed its own.
func (s *Sparsifier) maskVariables(g *Graph, sources map[*Node]*layer) {
	for _, l := range s.layers {
		if !l.weight.InUseByGraph(g) {
			continue // Its state is that of the graphs which use it.
		}
		l.states, l.momentum = nil, nil
		if l.reserved == nil {
			s.maskInGraph(g, l, l.weight)
		} else {
			s.splitInGraph(g, l)
		}
		s.store.Scope(layerScope(l.path)).SetGraphParam(g, managedGraphParam, true)
	}
	for v := range s.store.IterVariables() {
		if v.Trainable || !v.ChangedInGraph(g) || isOfTraining(v) {
			continue
		}
		if l := s.owner(g, v, sources); l != nil {
			if !staysZero(v.NodeValue(g), l, v.Path(), sources) {
				s.maskInGraph(g, l, v)
			}
			s.maskHeld(l, v)
			l.states = append(l.states, v)
			if isFirstMoment(v) {
				l.momentum = v
			}
		}
	}
}

// maskHeld masks the value that a state tensor holds already, of training that was dense until now.
func (s *Sparsifier) maskHeld(l *layer, state *model.Variable) {
	if !state.HasValue() {
		return
	}
	trained := l.mask
	if l.reserved != nil {
		trained = l.reserved.backward
	}
	if err := s.execs.mask(state, trained.MustValue()); err != nil {
		panic(err)
	}
}

// maskInGraph masks the value that the graph gives the variable.
func (s *Sparsifier) maskInGraph(g *Graph, l *layer, v *model.Variable) {
	if v.ChangedInGraph(g) {
		v.SetNodeValue(applyMask(l.trained(g), v.NodeValue(g)))
	}
}
