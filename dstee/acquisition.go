package dstee

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Acquisition scores the weights of a layer. As a growth score it says which inactive weights to activate: those of
// highest score. As a drop score it says which active weights to keep: those of highest score. Ties go to the lowest
// flat index.
//
// A new one is a function of [Signals] written with GoMLX graph operations:
//
//	mine := dstee.Acquisition{Name: "rare gradients", Score: func(s *dstee.Signals) *graph.Node {
//		return graph.Div(graph.Abs(s.Gradient), graph.AddScalar(s.VisitCount(), 1))
//	}}
//	sparse := dstee.New(0.05).Grow(mine)
//
// Acquisitions are values that can be composed: see [Acquisition.Add], [Acquisition.Scale], [Acquisition.WithSchedule],
// [Acquisition.Normalize] and [Acquisition.Noise].
type Acquisition struct {
	// Name identifies the acquisition to people, for instance in reports.
	Name string

	// Score builds the graph of the score: Float32, of the shape of the weights. NaN counts as -∞, below all numbers.
	// Scores of the entries that are not eligible (active ones when growing) are ignored.
	Score func(s *Signals) *Node

	// Params are the numbers that the score reads with [Signals.Param]. They are inputs of the compiled graph: a
	// schedule may change them from update to update without recompilation.
	Params []Param

	// Memory is what the acquisition remembers of each weight from one mask update to the next, read with
	// [Signals.Memory].
	Memory []Memory

	err error // What is wrong with the composition, reported before training.
}

// Param is a named number of an [Acquisition], that may change with the training step. It is finite.
type Param struct {
	Name  string
	Value Schedule
}

// check says what is wrong with the acquisition.
func (a Acquisition) check() error {
	switch {
	case a.err != nil:
		return fmt.Errorf("dstee: the acquisition %q: %w", a.Name, a.err)
	case a.Score == nil:
		return fmt.Errorf("dstee: the acquisition %q has no Score function", a.Name)
	}
	for i, param := range a.Params {
		if err := checkSchedule(param.Value, fmt.Sprintf("its parameter %q", param.Name)); err != nil {
			return fmt.Errorf("dstee: the acquisition %q: %w", a.Name, err)
		}
		if value := param.Value.At(1); !finite(value) {
			return fmt.Errorf("dstee: the acquisition %q: its parameter %q is %g at step 1", a.Name, param.Name, value)
		}
		if (Acquisition{Params: a.Params[:i]}).has(param.Name) {
			return fmt.Errorf("dstee: the acquisition %q has two parameters named %q", a.Name, param.Name)
		}
	}
	for i, memory := range a.Memory {
		if memory.Name == "" || memory.Update == nil {
			return fmt.Errorf("dstee: memory %d (%q) of the acquisition %q needs a name and an Update function", i, memory.Name, a.Name)
		}
		for _, other := range a.Memory[:i] {
			if other.Name == memory.Name {
				return fmt.Errorf("dstee: the acquisition %q has two memories named %q", a.Name, memory.Name)
			}
		}
	}
	return nil
}

// has tells whether the acquisition has a parameter of the given name.
func (a Acquisition) has(param string) bool {
	return slices.ContainsFunc(a.Params, func(p Param) bool { return p.Name == param })
}

// over returns the acquisition for a run of the given number of steps.
func (a Acquisition) over(steps int) Acquisition {
	a.Params = slices.Clone(a.Params)
	for i := range a.Params {
		a.Params[i].Value = a.Params[i].Value.Over(steps)
	}
	return a
}

// numScalars is how many scalars inputs returns before those of Params.
const numScalars = 5

// inputs returns the scalars that the score's graph takes after the layer's tensors, at the given step.
func (a Acquisition) inputs(layer LayerState, step int, seed uint32) []any {
	scalars := []any{float32(step), float32(math.Log(float64(step))), float32(layer.TotalSteps), float32(layer.Round), seed}
	for _, param := range a.Params {
		scalars = append(scalars, float32(param.Value.At(step)))
	}
	return scalars
}

// scoreGraph builds the score from the inputs that Updater.run gives it.
func (a Acquisition) scoreGraph(path *layerPath, inputs []*Node) []*Node {
	s := a.signals(path, inputs)
	score := a.Score(s)
	if score == nil || !score.Shape().Equal(s.Weight.Shape()) {
		exceptions.Panicf("dstee: the acquisition %q must return a score of the weights' shape %s, got %v", a.Name, s.Weight.Shape(), score)
	}
	return []*Node{ownBuffer(score)}
}

// ownBuffer returns x, as a node that is no parameter of the graph: the Go backend returns a parameter's own buffer as the
// output, and who frees the output would free the layer's tensor.
func ownBuffer(x *Node) *Node {
	if x.Type() == NodeTypeParameter {
		return Add(x, ScalarZero(x.Graph(), x.DType()))
	}
	return x
}

// signals names the inputs of a graph: the layer's weight, gradient, mask and visits, the scalars of inputs, the memory, and
// the optimizer's first moment if there is one.
func (a Acquisition) signals(path *layerPath, inputs []*Node) *Signals {
	tensors, scalars, rest := inputs[:4], inputs[4:4+numScalars], inputs[4+numScalars:]
	s := &Signals{
		Weight:     ConvertDType(tensors[0], dtypes.Float32),
		Gradient:   ConvertDType(tensors[1], dtypes.Float32),
		Mask:       tensors[2],
		Visits:     tensors[3],
		Step:       scalars[0],
		LogStep:    scalars[1],
		TotalSteps: scalars[2],
		Round:      scalars[3],
		seed:       scalars[4],
		numRandoms: new(uint32),
		path:       path,
		params:     make(map[string]*Node, len(a.Params)),
		memory:     make(map[string]*Node, len(a.Memory)),
	}
	for i, param := range a.Params {
		s.params[param.Name] = rest[i]
	}
	rest = rest[len(a.Params):]
	for i, memory := range a.Memory {
		s.memory[memory.Name] = rest[i]
	}
	if rest = rest[len(a.Memory):]; len(rest) > 0 {
		s.momentum = ConvertDType(rest[0], dtypes.Float32)
	}
	return s
}
