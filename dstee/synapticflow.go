package dstee

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// flow prunes by synaptic flow: in a copy of the store, whose weights are the sizes of the initial ones.
func (p *probe) flow() error {
	spec, inputs, err := p.inputs()
	if err != nil {
		return err
	}
	if err := p.run(1); err != nil { // For the model's variables and their initial values.
		return err
	}
	if err := p.restoreValues(); err != nil {
		return err
	}
	backend := p.trainer.Backend()
	sizes, err := p.trainer.Store().Clone()
	if err != nil {
		return fmt.Errorf("copying the model: %w", err)
	}
	abs := newExec(backend, Abs)
	for v := range sizes.IterVariables() {
		if v.Trainable && v.DType().IsFloat() {
			if err := setSize(abs, v, v.MustValue()); err != nil {
				return err
			}
		}
	}
	exec, err := model.NewExec(backend, sizes, func(scope *model.Scope, g *Graph) []*Node { return p.flowGraph(scope, g, spec, inputs) })
	if err != nil {
		return fmt.Errorf("building the graph of synaptic flow: %w", err)
	}
	return p.choice.prune(func() ([]*tensors.Tensor, error) {
		for i, l := range p.choice.layers {
			left, err := p.choice.left(i)
			if err != nil {
				return nil, err
			}
			if err := setSize(abs, sizes.GetVariable(l.path), left); err != nil {
				return nil, err
			}
		}
		return exec.Call()
	})
}

// flowGraph builds the gradients of the sum of the outputs, for inputs of ones, with respect to the layers' weights.
func (p *probe) flowGraph(scope *model.Scope, g *Graph, spec any, inputs []shapes.Shape) []*Node {
	ones := make([]*Node, len(inputs))
	for i, shape := range inputs {
		ones[i] = Ones(g, shape)
	}
	flow := ScalarZero(g, dtypes.Float32)
	for _, output := range p.s.modelFn(scope, spec, ones) {
		flow = Add(flow, ReduceAllSum(ConvertDType(output, dtypes.Float32)))
	}
	weights := make([]*Node, len(p.choice.layers))
	for i, l := range p.choice.layers {
		weights[i] = scope.Store().GetVariable(l.path).NodeValue(g)
	}
	return Gradient(flow, weights...)
}

// inputs returns the spec of the first batch and the shapes of its inputs, for one example.
func (p *probe) inputs() (spec any, inputs []shapes.Shape, err error) {
	for batch, err := range p.dataset.Iter() {
		if err != nil {
			return nil, nil, err
		}
		for _, input := range batch.Inputs {
			shape := input.Shape().Clone()
			if shape.Rank() > 0 {
				shape.Dimensions[0] = 1
			}
			inputs = append(inputs, shape)
		}
		return batch.Spec, inputs, nil
	}
	return nil, nil, errors.New("the data set is empty")
}

// setSize gives the variable the sizes of the value's entries.
func setSize(abs *Exec, v *model.Variable, value *tensors.Tensor) error {
	size, err := abs.Call1(value)
	if err == nil {
		err = v.SetValue(size)
	}
	if err != nil {
		return fmt.Errorf("the size of %q: %w", v.Path(), err)
	}
	return nil
}
