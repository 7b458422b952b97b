package graphs

import "math"

// Adjacency is a graph as layers that pass messages take it: each edge is two messages, one in each direction.
//
// With h [nodes, d] the state of all nodes, From and To as tensors [messages, 1] and Degrees [nodes, 1], the sum over
// neighbors is, in GoMLX,
//
//	graph.ScatterSum(graph.ZerosLike(h), to, graph.Gather(h, from), true, false)
//
// GraphSAGE's mean (Hamilton, Ying and Leskovec, NeurIPS 2017) divides it by Degrees, or by 1 where that is 0. A GCN (Kipf
// and Welling, ICLR 2017) multiplies each message by its Weights before, and adds h/(Degrees+1).
type Adjacency struct {
	From, To []int32   // of each message, sorted by To and then From
	Degrees  []int32   // of each node
	Weights  []float32 // of each message, 1/√((1+degree from)·(1+degree to))
}

// Adjacency returns the messages of the graph.
func (g *Graph) Adjacency() *Adjacency {
	a := &Adjacency{Degrees: make([]int32, g.Nodes())}
	for to := range a.Degrees {
		a.Degrees[to] = int32(g.Degree(int32(to)))
		for _, from := range g.Neighbors(int32(to)) {
			a.From, a.To = append(a.From, from), append(a.To, int32(to))
			a.Weights = append(a.Weights, float32(1/math.Sqrt(float64(1+g.Degree(from))*float64(1+g.Degree(int32(to))))))
		}
	}
	return a
}
