// Package graphs reads graphs and makes data for link prediction from them: who is linked to whom, hidden edges to find,
// pairs that are not linked, and what the rest of the graph says about a pair.
//
// [ReadFile] returns a [Graph]; [Split] hides edges of it and draws negatives ([Links]); [Describe] computes features from
// the edges that are left.
package graphs

import (
	"iter"
	"slices"

	"github.com/pkg/errors"
)

// Pair is two different nodes, the lower one first.
type Pair [2]int32

// NewPair returns the pair of two nodes in either order.
func NewPair(x, y int32) Pair { return Pair{min(x, y), max(x, y)} }

// Graph is an undirected graph without loops: which nodes are linked. Nodes are numbered from 0.
type Graph struct {
	offsets    []int   // of each node's neighbors, and their end
	neighbors  []int32 // in increasing order for each node
	Loops      int     // edges from a node to itself that were left out
	Duplicates int     // edges that were left out since they, or their reverse, were there before
}

// New returns the graph of the given number of nodes, at most 2³¹-1, and edges in any order and direction. Loops and
// edges that occur again, also in reverse, are left out and counted. A node out of range is an error.
func New(nodes int, edges []Pair) (*Graph, error) {
	if nodes < 0 || nodes > maxNodes {
		return nil, errors.Errorf("graph: %d nodes, want 0 to %d", nodes, maxNodes)
	}
	g := &Graph{offsets: make([]int, nodes+1)}
	pairs := make([]Pair, 0, len(edges))
	for i, edge := range edges {
		if min(edge[0], edge[1]) < 0 || int(max(edge[0], edge[1])) >= nodes {
			return nil, errors.Errorf("graph: edge %d links %d and %d, want nodes from 0 to %d", i, edge[0], edge[1], nodes-1)
		}
		if edge[0] == edge[1] {
			g.Loops++
			continue
		}
		pairs = append(pairs, NewPair(edge[0], edge[1]))
	}
	slices.SortFunc(pairs, comparePairs)
	unique := slices.Compact(pairs)
	g.Duplicates = len(pairs) - len(unique)

	for _, pair := range unique {
		g.offsets[pair[0]+1]++
		g.offsets[pair[1]+1]++
	}
	for x := range nodes {
		g.offsets[x+1] += g.offsets[x]
	}
	g.neighbors = make([]int32, 2*len(unique))
	filled := slices.Clone(g.offsets)
	// Lower neighbors of each node first, then higher ones, both in order.
	for _, high := range []bool{false, true} {
		for _, pair := range unique {
			of, neighbor := pair[1], pair[0]
			if high {
				of, neighbor = pair[0], pair[1]
			}
			g.neighbors[filled[of]] = neighbor
			filled[of]++
		}
	}
	return g, nil
}

const maxNodes = 1<<31 - 1

func comparePairs(a, b Pair) int {
	if a[0] != b[0] {
		return int(a[0]) - int(b[0])
	}
	return int(a[1]) - int(b[1])
}

// Nodes returns the number of nodes.
func (g *Graph) Nodes() int { return len(g.offsets) - 1 }

// NumEdges returns the number of edges, each counted once.
func (g *Graph) NumEdges() int { return len(g.neighbors) / 2 }

// Neighbors returns the nodes that x is linked to, in increasing order. The slice belongs to the graph.
func (g *Graph) Neighbors(x int32) []int32 { return g.neighbors[g.offsets[x]:g.offsets[x+1]] }

// Degree returns the number of nodes that x is linked to.
func (g *Graph) Degree(x int32) int { return g.offsets[x+1] - g.offsets[x] }

// HasEdge tells whether x and y are linked.
func (g *Graph) HasEdge(x, y int32) bool {
	if g.Degree(x) > g.Degree(y) {
		x, y = y, x
	}
	_, found := slices.BinarySearch(g.Neighbors(x), y)
	return found
}

// Edges returns the edges in increasing order.
func (g *Graph) Edges() iter.Seq[Pair] {
	return func(yield func(Pair) bool) {
		for x := range int32(g.Nodes()) {
			for _, y := range g.Neighbors(x) {
				if y > x && !yield(Pair{x, y}) {
					return
				}
			}
		}
	}
}

// Common returns the number of nodes linked to both x and y, after calling f, unless it is nil, with each in order.
func (g *Graph) Common(x, y int32, f func(node int32)) int {
	if g.Degree(x) > g.Degree(y) {
		x, y = y, x
	}
	common, others := 0, g.Neighbors(y)
	for _, node := range g.Neighbors(x) {
		i, found := slices.BinarySearch(others, node)
		others = others[i:]
		if found {
			common++
			if f != nil {
				f(node)
			}
		}
	}
	return common
}
