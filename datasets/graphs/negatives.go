package graphs

import (
	"math/rand/v2"

	"github.com/pkg/errors"
)

// Negatives is a rule that draws, for each of some edges of a graph, a pair of different nodes that are not linked in it,
// none twice. An error says that there are too few.
type Negatives func(g *Graph, edges []Pair, random *rand.Rand) ([]Pair, error)

// Uniform draws among all pairs that are not linked, each with the same probability. Where a few hubs have most of the
// edges, such pairs are easily told from edges by the degrees of their nodes; [OneEnd] is harder.
func Uniform(g *Graph, edges []Pair, random *rand.Rand) ([]Pair, error) {
	nodes := int64(g.Nodes())
	available, want := nodes*(nodes-1)/2-int64(g.NumEdges()), int64(len(edges))
	if available < want {
		return nil, errors.Errorf("the graph has %d pairs of nodes without an edge, want %d", available, want)
	}
	if available < 2*want {
		return listed(g, len(edges), random), nil
	}
	d := newDrawing(g)
	for int64(len(d.pairs)) < want { // of pairs that are no edges, at least one in two is new
		d.add(random.Int32N(int32(nodes)), random.Int32N(int32(nodes)))
	}
	return d.pairs, nil
}

// listed is Uniform for a graph of so many edges that few pairs are left.
func listed(g *Graph, n int, random *rand.Rand) []Pair {
	var pairs []Pair
	for x := range int32(g.Nodes()) {
		for y := x + 1; y < int32(g.Nodes()); y++ {
			if !g.HasEdge(x, y) {
				pairs = append(pairs, Pair{x, y})
			}
		}
	}
	random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	return pairs[:n]
}

// oneEndAttempts is how many nodes OneEnd tries at either end of an edge.
const oneEndAttempts = 1000

// OneEnd keeps one end of each edge, either with the same probability, and draws another node for the other end, as is
// usual for knowledge graphs (Bordes et al., Translating Embeddings for Modeling Multi-relational Data, NeurIPS 2013). So
// hubs are in as many negatives as half their edges, and degrees alone tell little. It fails if the nodes of an edge are
// linked to nearly all others.
func OneEnd(g *Graph, edges []Pair, random *rand.Rand) ([]Pair, error) {
	d := newDrawing(g)
	for _, edge := range edges {
		kept, found := random.IntN(2), false
		for try := 0; try < 2*oneEndAttempts && !found; try++ {
			if try == oneEndAttempts {
				kept = 1 - kept
			}
			found = d.add(edge[kept], random.Int32N(int32(g.Nodes())))
		}
		if !found {
			return nil, errors.Errorf("found no node that neither %d nor %d is linked to or drawn with, in %d attempts",
				edge[0], edge[1], 2*oneEndAttempts)
		}
	}
	return d.pairs, nil
}

// drawing is the pairs drawn so far.
type drawing struct {
	g     *Graph
	drawn map[Pair]bool
	pairs []Pair
}

func newDrawing(g *Graph) *drawing { return &drawing{g: g, drawn: map[Pair]bool{}} }

// add adds a pair unless it is one node, linked, or there already, and tells whether it did.
func (d *drawing) add(x, y int32) bool {
	pair := NewPair(x, y)
	if x == y || d.drawn[pair] || d.g.HasEdge(x, y) {
		return false
	}
	d.drawn[pair] = true
	d.pairs = append(d.pairs, pair)
	return true
}
