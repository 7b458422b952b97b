package run

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"

	"github.com/sparsekernel/sparsekernel/datasets/graphs"
	"github.com/sparsekernel/sparsekernel/models"
)

// graphSAGE is a network of 64 units, times the width, whose one input is pairs of nodes: the graph is part of it. The
// features of nodes and the messages are constants of the compiled graph, so that batches stay small.
func graphSAGE(width float64, observed *graphs.Graph) train.ModelFn {
	const seed = 2022 // Of the search for eigenvectors, the same as for the features of pairs.
	features := tensors.FromFlatDataAndDimensions(graphs.Describe(observed, seed).Nodes(), observed.Nodes(), graphs.NodeSize)
	messages := observed.Adjacency()
	network := models.GraphSAGE(scaled(64, width))
	return func(scope *model.Scope, spec any, inputs []*graph.Node) []*graph.Node {
		g := inputs[0].Graph()
		nodes, sources, targets := graph.Const(g, features), graph.Const(g, messages.From), graph.Const(g, messages.To)
		return network(scope, spec, []*graph.Node{nodes, sources, targets, inputs[0]})
	}
}
