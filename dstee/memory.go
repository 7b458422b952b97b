package dstee

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Memory is a number per weight that an [Acquisition] carries from one mask update to the next, for instance a mean of
// the gradients it has seen. It is updated once per mask update, before the score; an update that is skipped leaves it.
//
// A [Sparsifier] keeps it beside the masks, as the variable /dstee/P/memory/drop/NAME or /dstee/P/memory/grow/NAME for the
// weight with path P, so that checkpoints hold it and a resumed run remembers. Drop and growth do not share theirs.
type Memory struct {
	Name    string
	Initial float32 // Before the first mask update.

	// Update builds the graph of the new value: Float32, of the shape of the weights. Of several memories all are
	// updated from the values before.
	Update func(s *Signals) *Node
}

// LastActive remembers when a weight was last active, see [Signals.LastActive].
var LastActive = Memory{Name: lastActive, Initial: -1, Update: func(s *Signals) *Node {
	before := BroadcastToDims(AddScalar(s.Round, -1), s.Weight.Shape().Dimensions...)
	return Where(s.Mask, before, s.LastActive())
}}

const lastActive = "last"

// memoryGraph builds the new values of the memory, in its order.
func (a Acquisition) memoryGraph(path *layerPath, inputs []*Node) []*Node {
	s := a.signals(path, inputs)
	updated := make([]*Node, len(a.Memory))
	for i, memory := range a.Memory {
		node := memory.Update(s)
		if node == nil || !node.Shape().Equal(s.Weight.Shape()) {
			exceptions.Panicf("dstee: the memory %q must be updated to a value of the weights' shape %s, got %v", memory.Name, s.Weight.Shape(), node)
		}
		updated[i] = ownBuffer(node)
	}
	return updated
}

// initialMemory returns the memory of a layer before its first mask update.
func (a Acquisition) initialMemory(dimensions []int) []*tensors.Tensor {
	values := make([]*tensors.Tensor, len(a.Memory))
	for i, memory := range a.Memory {
		values[i] = tensors.FromScalarAndDimensions(memory.Initial, dimensions...)
	}
	return values
}

// memoryVariables returns the variables that keep an acquisition's memory of a layer in the given role. Values that the
// store already holds are kept.
func memoryVariables(store *model.Store, weight *model.Variable, role string, a Acquisition) ([]*model.Variable, error) {
	variables := make([]*model.Variable, len(a.Memory))
	for i, initial := range a.initialMemory(weight.Shape().Dimensions) {
		path := fmt.Sprintf("%s/memory/%s/%s", layerScope(weight.Path()), role, a.Memory[i].Name)
		v := store.VariableWithValue(path, initial).SetTrainable(false)
		if v.DType() != dtypes.Float32 {
			return nil, fmt.Errorf("dstee: the store's %q holds %s, but the memory %q of %q is Float32", path, v.Shape(), a.Memory[i].Name, a.Name)
		}
		variables[i] = v
	}
	return variables, nil
}

// values returns the variables' values.
func values(variables []*model.Variable) []*tensors.Tensor {
	all := make([]*tensors.Tensor, len(variables))
	for i, v := range variables {
		all[i] = v.MustValue()
	}
	return all
}

// setValues gives the variables new values.
func setValues(variables []*model.Variable, values []*tensors.Tensor) error {
	for i, v := range variables {
		if err := v.SetValue(values[i]); err != nil {
			return err
		}
	}
	return nil
}
