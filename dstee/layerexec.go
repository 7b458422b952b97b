package dstee

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// layerExec runs a graph of an acquisition on layers. It is compiled once per shape, and, if it asks for the layer's path,
// once per layer.
type layerExec struct {
	backend compute.Backend
	build   func(path *layerPath, inputs []*Node) []*Node
	path    *layerPath // Of the layer being run.
	shared  *Exec      // For all layers, as long as no graph asked for the path.
	byPath  map[string]*Exec
}

func newLayerExec(backend compute.Backend, build func(path *layerPath, inputs []*Node) []*Node) *layerExec {
	e := &layerExec{backend: backend, build: build, path: &layerPath{}}
	e.shared = e.newExec()
	return e
}

func (e *layerExec) newExec() *Exec {
	return newExec(e.backend, func(inputs []*Node) []*Node { return e.build(e.path, inputs) })
}

// call runs the acquisition's graph on the layer, with its memory.
func (e *layerExec) call(a Acquisition, layer LayerState, memory []*tensors.Tensor, step int, seed uint32) ([]*tensors.Tensor, error) {
	if len(memory) != len(a.Memory) {
		return nil, fmt.Errorf("the layer has %d tensors of memory, the acquisition %q declares %d: call Updater.Remember before", len(memory),
			a.Name, len(a.Memory))
	}
	inputs := append([]any{layer.Weight, layer.Gradient, layer.Mask, layer.Visits}, a.inputs(layer, step, seed)...)
	for _, m := range memory {
		inputs = append(inputs, m)
	}
	if layer.Momentum != nil {
		inputs = append(inputs, layer.Momentum)
	}
	e.path.path = layer.Path
	if e.path.read {
		if e.byPath[layer.Path] == nil {
			e.byPath[layer.Path] = e.newExec()
		}
		return e.byPath[layer.Path].Call(inputs...)
	}
	outputs, err := e.shared.Call(inputs...)
	if e.path.read { // The graph just built is that of this layer; those built before hold for any.
		e.byPath = map[string]*Exec{layer.Path: e.shared}
	}
	return outputs, err
}

// Remember returns the layer with its memory updated, which a mask update starts with if an acquisition has any:
// [Updater.Update] and [Updater.GrowScores] read it. A layer that has no memory yet starts from the initial values. The
// tensors given are not changed.
func (u *Updater) Remember(layer LayerState, step int, seed uint32) (LayerState, error) {
	for _, role := range []struct {
		a      Acquisition
		exec   *layerExec
		memory *[]*tensors.Tensor
	}{{u.drop, u.dropMemory, &layer.DropMemory}, {u.grow, u.growMemory, &layer.GrowMemory}} {
		if len(role.a.Memory) == 0 {
			continue
		}
		before := *role.memory
		if before == nil {
			before = role.a.initialMemory(layer.Weight.Shape().Dimensions)
		}
		after, err := role.exec.call(role.a, layer, before, step, seed)
		if err != nil {
			return LayerState{}, fmt.Errorf("dstee: memory of %q after step %d: %w", role.a.Name, step, err)
		}
		*role.memory = after
	}
	return layer, nil
}
