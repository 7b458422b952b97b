package run

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"

	"github.com/sparsekernel/sparsekernel/datasets/graphs"
	"github.com/sparsekernel/sparsekernel/models"
)

// dataScope has the variables of a model that are made of the data set: they are not trained, and not saved.
const dataScope = "/data"

// graphSAGE is a network of 64 units, times the width, whose one input is pairs of nodes, so that batches stay small. The
// features of nodes and the messages are variables: as constants, those of a large graph would make a large program.
func graphSAGE(width float64, observed *graphs.Graph) train.ModelFn {
	const seed = 2022 // Of the search for eigenvectors, the same as for the features of pairs.
	features := tensors.FromFlatDataAndDimensions(graphs.Describe(observed, seed).Nodes(), observed.Nodes(), graphs.NodeSize)
	messages := observed.Adjacency()
	network := models.GraphSAGE(scaled(64, width))
	return func(scope *model.Scope, spec any, inputs []*graph.Node) []*graph.Node {
		pairs := inputs[0]
		of := func(name string, value any) *graph.Node {
			return scope.Store().VariableWithValue(dataScope+"/"+name, value).SetTrainable(false).NodeValue(pairs)
		}
		return network(scope, spec, []*graph.Node{of("nodes", features), of("from", messages.From), of("to", messages.To), pairs})
	}
}
