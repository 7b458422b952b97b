package models

import (
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/sparsekernel/sparsekernel/layers"
)

// LinkMLP predicts whether two nodes of a graph are linked from features of the pair, as the code of DST-EE's first author
// does (harveyp123/ICCD_SpTrn_SLR, GNN_Sparse_Training_Link: a linear layer to 128 units, ReLU, a linear layer to one
// number, a sigmoid): no message is passed.
//
// It is a function for train.NewTrainer of one input, features of pairs shaped [batch, features] of a float dtype, and one
// output, logits shaped [batch, 1]: their sigmoid is the probability. The weights are link_mlp/{hidden,output}/dense/weights.
func LinkMLP(hidden int) train.ModelFn {
	return func(scope *model.Scope, _ any, inputs []*graph.Node) []*graph.Node {
		if len(inputs) != 1 || inputs[0].Rank() != 2 || !inputs[0].DType().IsFloat() {
			exceptions.Panicf("the link MLP takes one input, float features shaped [batch, features], got %s", shapesOf(inputs))
		}
		scope = scope.In("link_mlp")
		x := layers.Relu(layers.Dense(scope.In("hidden"), inputs[0], hidden).Done())
		return []*graph.Node{layers.Dense(scope.In("output"), x, 1).Done()}
	}
}

// GraphSAGE predicts whether two nodes of a graph are linked by passing messages along its edges, twice: a node becomes a
// linear function of itself and of the mean over the nodes it is linked to (Hamilton, Ying and Leskovec, "Inductive
// Representation Learning on Large Graphs", NIPS 2017, arXiv 1706.02216, mean aggregator over all neighbors), with ReLU
// and unit length after the first. A pair's logit is the product of its nodes' vectors plus a learned bias (Kipf and
// Welling, "Variational Graph Auto-Encoders", 2016, arXiv 1611.07308, decode so).
//
// It is a function for train.NewTrainer of four inputs and one output:
//
//   - features of the nodes, [nodes, features], of a float dtype;
//   - sources and targets of messages, Int32 [messages] each: an edge passes messages both ways, so it is there twice;
//   - pairs, Int32 [batch, 2], of nodes;
//   - the output, logits shaped [batch, 1].
//
// The weights are graph_sage/layer_{1,2}/{self,neighbors}/dense/weights, shaped [features, width] and [width, width].
func GraphSAGE(width int) train.ModelFn {
	return func(scope *model.Scope, _ any, inputs []*graph.Node) []*graph.Node {
		if len(inputs) != 4 || inputs[0].Rank() != 2 || !inputs[0].DType().IsFloat() || inputs[1].Rank() != 1 ||
			!inputs[1].Shape().Equal(inputs[2].Shape()) || inputs[3].Rank() != 2 || inputs[3].Shape().Dim(1) != 2 {
			exceptions.Panicf("GraphSAGE takes float features [nodes, features], sources and targets [messages] and pairs "+
				"[batch, 2], got %s", shapesOf(inputs))
		}
		x, messages, pairs := inputs[0], edgeList{sources: inputs[1], targets: inputs[2]}, inputs[3]
		scope = scope.In("graph_sage")
		x = layers.Relu(messages.layer(scope.In("layer_1"), x, width))
		x = graph.L2Normalize(x, -1)
		x = messages.layer(scope.In("layer_2"), x, width)
		ends := graph.Gather(x, graph.InsertAxes(pairs, -1)) // [batch, 2, width]
		first, second := graph.SliceAxis(ends, 1, graph.AxisElem(0)), graph.SliceAxis(ends, 1, graph.AxisElem(1))
		product := graph.ReduceSum(graph.Mul(first, second), -1) // [batch, 1]
		bias := scope.VariableWithShape("bias", shapes.Make(x.DType(), 1)).NodeValue(x)
		return []*graph.Node{graph.Add(product, graph.ExpandLeftToRank(bias, 2))}
	}
}

// edgeList says along which edges messages go.
type edgeList struct{ sources, targets *graph.Node }

// layer is a linear function of each node and of the mean of its neighbors.
func (e edgeList) layer(scope *model.Scope, x *graph.Node, width int) *graph.Node {
	own := layers.Dense(scope.In("self"), x, width).Done()
	return graph.Add(own, layers.Dense(scope.In("neighbors"), e.meanOfNeighbors(x), width).Bias(false).Done())
}

// meanOfNeighbors is the mean of x [nodes, features] over the neighbors of each node, zero for a node without any.
func (e edgeList) meanOfNeighbors(x *graph.Node) *graph.Node {
	g, dtype, nodes := x.Graph(), x.DType(), x.Shape().Dim(0)
	sources, targets := graph.InsertAxes(e.sources, -1), graph.InsertAxes(e.targets, -1)
	sum := graph.ScatterSum(graph.ZerosLike(x), targets, graph.Gather(x, sources), false, false)
	ones := graph.Ones(g, shapes.Make(dtype, e.targets.Shape().Dim(0), 1))
	degree := graph.ScatterSum(graph.Zeros(g, shapes.Make(dtype, nodes, 1)), targets, ones, false, false)
	return graph.Div(sum, graph.MaxScalar(degree, 1))
}

// shapesOf lists the shapes of nodes for an error message.
func shapesOf(nodes []*graph.Node) []string {
	list := make([]string, len(nodes))
	for i, node := range nodes {
		list[i] = node.Shape().String()
	}
	return list
}
