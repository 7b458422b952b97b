package dstee

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
)

// This file tells which weight a state tensor of the optimizer belongs to.

// owner returns the layer that a state tensor of the optimizer belongs to, nil if it belongs to none.
func (s *Sparsifier) owner(g *Graph, state *model.Variable, sources map[*Node]*layer) *layer {
	weight := s.namesake(state)
	var sameShape []*layer
	for _, l := range s.layers {
		if l.weight == weight {
			return l
		}
		if sameDimensions(l.weight, state) {
			sameShape = append(sameShape, l)
		}
	}
	switch {
	case weight != nil || len(sameShape) == 0:
		return nil
	case len(sameShape) == 1 && s.onlyOfShape(g, sameShape[0]):
		return sameShape[0]
	}
	return onlySource(state.NodeValue(g), sources)
}

// namesake returns the trainable variable that a state tensor is named by, which need not be sparse: of its shape, and with
// the longest path that the state's path holds. ("/a/w" is also in the state of "/b/a/w".) Nil if there is none.
func (s *Sparsifier) namesake(state *model.Variable) (longest *model.Variable) {
	for v := range s.store.IterVariables() {
		if v.Trainable && sameDimensions(v, state) && strings.Contains(state.Path(), v.Path()) &&
			(longest == nil || len(v.Path()) > len(longest.Path())) {
			longest = v
		}
	}
	return longest
}

// onlyOfShape tells whether no other trainable variable of the graph has the layer's shape.
func (s *Sparsifier) onlyOfShape(g *Graph, l *layer) bool {
	for v := range s.store.IterVariables() {
		if v != l.weight && v.Trainable && v.InUseByGraph(g) && sameDimensions(v, l.weight) {
			return false
		}
	}
	return true
}

// onlySource returns the layer whose gradient the node is computed from, if there is exactly one.
func onlySource(node *Node, sources map[*Node]*layer) *layer {
	var found []*layer
	seen := map[*Node]bool{}
	pending := []*Node{node}
	for len(pending) > 0 {
		n := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		if l := sources[n]; l != nil {
			found = append(found, l)
			continue // What the gradient itself is computed from says nothing.
		}
		pending = append(pending, n.Inputs()...)
	}
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

// isFirstMoment tells by its name whether a state tensor is the first moment that GoMLX's Adam or package optimizers keeps.
func isFirstMoment(state *model.Variable) bool {
	return strings.HasSuffix(state.Path(), "_1st_moment") || strings.HasSuffix(state.Path(), "_momentum")
}

// isOfTraining tells whether the variable is neither the model's nor the optimizer's: a mask and what is beside it, or gradients
// that accumulate.
func isOfTraining(v *model.Variable) bool {
	return strings.HasPrefix(v.Path(), Scope+"/") || strings.HasPrefix(v.Path(), "/"+train.AccumulatedGradientsScope+"/")
}

// isState tells whether a variable is named as optimizers name their state: by a scope, the path of a weight of its shape, and
// a suffix, as /AdamOptimizer/first/weights_1st_moment. In a store that was loaded it is trainable, as all variables are.
func isState(store *model.Store, v *model.Variable) bool {
	_, below, _ := strings.Cut(strings.TrimPrefix(v.Path(), "/"), "/")
	for w := range store.IterVariables() {
		if w.Trainable && sameDimensions(v, w) && strings.HasPrefix("/"+below, w.Path()+"_") {
			return true
		}
	}
	return false
}

// sameDimensions tells whether two variables have the same shape but for the dtype.
func sameDimensions(v, w *model.Variable) bool {
	return slices.Equal(v.Shape().Dimensions, w.Shape().Dimensions)
}

// UnmaskedStates names the optimizer's state tensors that have the shape of a sparse layer but could not be told to
// belong to one: they are left as the optimizer makes them. Empty before training has built its first graph, and for
// all of GoMLX's optimizers.
func (s *Sparsifier) UnmaskedStates() []string {
	var paths []string
	if s.store == nil {
		return nil
	}
	for v := range s.store.IterVariables() {
		if v.Trainable || isOfTraining(v) {
			continue
		}
		sameShape, told := false, s.namesake(v) != nil
		for _, l := range s.layers {
			sameShape = sameShape || sameDimensions(l.weight, v)
			told = told || slices.Contains(l.states, v)
		}
		if sameShape && !told {
			paths = append(paths, fmt.Sprintf("%s %v", v.Path(), v.Shape().Dimensions))
		}
	}
	return paths
}
