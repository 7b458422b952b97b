package models

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/gomlx/gomlx/support/sets"
	"github.com/pkg/errors"
)

// Counts is how large a model is, see [Count].
type Counts struct {
	// Parameters is the number of trainable parameters, biases and all.
	Parameters int

	// Weights are the trainable variables of rank 2 or more, in the order in which the model creates them.
	Weights []Weight
}

// Weight is how large a weight is.
type Weight struct {
	// Path is the variable's path, for instance /mlp/output/dense/weights.
	Path string

	// Shape is the variable's shape.
	Shape shapes.Shape

	// MACs is the number of multiply-accumulate operations that the weight takes part in, in one evaluation of the
	// model. Times the density, it is the number that a sparse weight needs.
	MACs int
}

// MACs is the number of multiply-accumulate operations of all weights.
func (c *Counts) MACs() int {
	total := 0
	for _, weight := range c.Weights {
		total += weight.MACs
	}
	return total
}

// Count counts the parameters of a model, and the multiply-accumulate operations of one evaluation for inputs of the
// given shapes; make their batch dimension 1 for the operations of one example. The hyperparameters are those of the
// store, whose variables are neither used nor changed.
//
// It works for any GoMLX model, since it reads the graph that modelFn builds: the operations of matrix multiplications
// (of 1 or no batch axis) and convolutions are counted for the weights from which one of their operands is computed. As
// usual, positions in the padding of a convolution count. Additions of biases, element-wise operations, look-ups in
// embeddings and the inside of loops do not.
//
// It returns an error if modelFn panics, or if it multiplies in a way that cannot be counted.
func Count(backend compute.Backend, store *model.Store, modelFn train.ModelFn, inputs ...shapes.Shape) (*Counts, error) {
	scratch := model.NewStore()
	for path, value := range store.IterParams() {
		scratch.SetParam(path, value)
	}
	g := graph.NewGraph(backend, "count")
	defer g.Finalize()
	model.SetStore(g, scratch)

	var outputs []*graph.Node
	err := exceptions.TryCatch[error](func() {
		var nodes []*graph.Node
		for _, shape := range inputs {
			nodes = append(nodes, graph.Parameter(g, g.UniqueName("#input"), shape))
		}
		outputs = modelFn(scratch.RootScope(), nil, nodes)
	})
	if err != nil {
		return nil, errors.WithMessagef(err, "building the model to count its operations, for inputs %v", inputs)
	}

	macs, err := countMACs(g, scratch, outputs)
	if err != nil {
		return nil, err
	}
	counts := &Counts{}
	for v := range scratch.IterVariables() {
		if !v.Trainable {
			continue
		}
		counts.Parameters += v.Shape().Size()
		if v.Shape().Rank() >= 2 {
			counts.Weights = append(counts.Weights, Weight{Path: v.Path(), Shape: v.Shape(), MACs: macs[v.Path()]})
		}
	}
	return counts, nil
}

// countMACs returns the operations by path of the variables that take part in them.
func countMACs(g *graph.Graph, store *model.Store, outputs []*graph.Node) (map[string]int, error) {
	// A fused operation of the backend comes with a decomposed copy, used for gradients: only one leads to the outputs.
	used := sets.Make[*graph.Node]()
	for pending := outputs; len(pending) > 0; {
		node := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if !used.Has(node) {
			used.Insert(node)
			pending = append(pending, node.Inputs()...)
		}
	}

	macs := map[string]int{}
	activations := sets.Make[*graph.Node]()         // What depends on the inputs.
	variables := map[*graph.Node]sets.Set[string]{} // The variables that anything else is computed from, by path.
	for _, node := range g.Nodes() {                // Inputs come before the nodes that use them.
		weights := sets.Make[string]()
		if node.Type() == graph.NodeTypeParameter {
			if name := node.GetParameterName(); store.GetVariable(name) != nil {
				weights.Insert(name)
			} else {
				activations.Insert(node)
			}
		}
		for _, input := range node.Inputs() {
			if activations.Has(input) {
				activations.Insert(node)
				continue
			}
			for path := range variables[input] {
				weights.Insert(path)
			}
		}
		if !multiplies(node) {
			variables[node] = weights
			continue
		}
		if used.Has(node) && len(weights) > 0 {
			count, err := multiplications(node)
			if err != nil {
				return nil, err
			}
			for path := range weights {
				macs[path] += count
			}
		}
	}
	return macs, nil
}

// multiplies tells whether a node is a matrix multiplication or a convolution.
func multiplies(node *graph.Node) bool {
	switch node.Type() {
	case graph.NodeTypeDotGeneral, graph.NodeTypeConvGeneral, graph.NodeTypeFusedDense, graph.NodeTypeFusedAttentionQKVProjection:
		return true
	default:
		return false
	}
}

// multiplications returns the number of multiply-accumulate operations of a node that multiplies.
func multiplications(node *graph.Node) (int, error) {
	x, weights := node.Inputs()[0].Shape(), node.Inputs()[1].Shape()
	switch node.Type() {
	case graph.NodeTypeDotGeneral:
		// With b batch and c contracted axes the ranks of the operands sum to that of the output plus b + 2c, and the
		// product of their sizes is that of the output's size, the batch size and the square of the contracted size.
		out, batch := node.Shape(), 1
		if (x.Rank()+weights.Rank()-out.Rank())%2 == 1 {
			batch = out.Dim(0)
		}
		contracted := int(math.Round(math.Sqrt(float64(x.Size()) / float64(batch) * float64(weights.Size()) / float64(out.Size()))))
		if x.Size()/batch*weights.Size() != contracted*contracted*out.Size() {
			return 0, errors.Errorf("cannot count the operations of a %s of %s and %s: it has more than one batch axis",
				node.Type(), x, weights)
		}
		return out.Size() * contracted, nil
	case graph.NodeTypeConvGeneral:
		// Channels are last, or else first, in the kernel as in the output.
		out := node.Shape()
		switch {
		case weights.Dim(-1) == out.Dim(-1):
			return out.Size() / out.Dim(-1) * weights.Size(), nil
		case weights.Dim(0) == out.Dim(1):
			return out.Size() / out.Dim(1) * weights.Size(), nil
		}
		return 0, errors.Errorf("cannot count the operations of a convolution by a kernel %s to %s: channels are neither last "+
			"nor first", weights, out)
	default: // The fused operations take inputs whose features are last.
		return x.Size() / x.Dim(-1) * weights.Size(), nil
	}
}
