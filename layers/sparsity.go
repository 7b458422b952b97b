package layers

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/regularizer"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// sparsity is the part of a layer's builder B that says how its weights are sparse. Each option makes the layer sparse.
type sparsity[B any] struct {
	builder *B
	sparse  bool
	params  map[string]any // What the options set, by hyperparameter.
}

// Density makes the layer sparse, with this share of its weights active, in (0, 1]: it sets [dstee.ParamDensity] in the
// layer's scope. Default: inherited, finally [dstee.DefaultDensity].
func (s *sparsity[B]) Density(density float64) *B {
	if !(density > 0 && density <= 1) {
		exceptions.Panicf("the density of a layer must be in (0, 1], got %g", density)
	}
	return s.set(dstee.ParamDensity, density)
}

// Structure makes the layer sparse, with active weights in the named pattern, see [dstee.ParseStructure]: it sets
// [dstee.ParamStructure] in the layer's scope. Default: inherited, finally "unstructured".
func (s *sparsity[B]) Structure(name string) *B {
	if _, err := dstee.ParseStructure(name); err != nil {
		panic(err)
	}
	return s.set(dstee.ParamStructure, name)
}

// Drop makes the layer sparse, with weights dropped by the named score: it sets [dstee.ParamDrop] in the layer's scope.
// Default: inherited, finally "magnitude".
func (s *sparsity[B]) Drop(name string) *B { return s.set(dstee.ParamDrop, name) }

// Grow makes the layer sparse, with weights grown by the named score: it sets [dstee.ParamGrow] in the layer's scope.
// Default: inherited, finally "dst-ee".
func (s *sparsity[B]) Grow(name string) *B { return s.set(dstee.ParamGrow, name) }

func (s *sparsity[B]) set(key string, value any) *B {
	if s.params == nil {
		s.params = make(map[string]any)
	}
	s.params[key] = value
	s.sparse = true
	return s.builder
}

// value returns the value of the layer's weights in g, masked if the layer is sparse.
func (s *sparsity[B]) value(scope *model.Scope, g *graph.Graph, weights *model.Variable) *graph.Node {
	scope.SetParams(s.params)
	if !s.sparse {
		return weights.NodeValue(g)
	}
	return dstee.MaskedValue(scope, g, weights)
}

// regularize adds the regularization that the scope's hyperparameters ask for. It must come after the weights were
// masked: the optimizer takes gradients with respect to the masked value.
func regularize(scope *model.Scope, g *graph.Graph, weights *model.Variable) {
	if regularizer := regularizer.FromScope(scope); regularizer != nil {
		regularizer(g, weights)
	}
}
