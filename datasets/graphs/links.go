package graphs

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
)

// Links are pairs of nodes with the question whether they are linked.
type Links struct {
	Pairs  []Pair
	Labels []int32 // 1 for an edge, 0 for none
}

// Hidden is a graph some edges of which are hidden, to be found by link prediction.
type Hidden struct {
	// Observed has all nodes and the edges that are not hidden. What a model knows of the graph, features and messages, is
	// to come from it alone.
	Observed *Graph

	// Hidden edges and as many pairs that are not edges, shuffled. No pair, in either direction, is in two of them or is
	// an edge of Observed. So a pair of Train looks to a model as a pair of Test does: an edge that is trained on is not
	// seen beside it, which would give it away.
	Train, Valid, Test Links
}

// Shares are the shares of edges that are hidden for each purpose, each more than 0 and in all less than 1.
type Shares struct {
	Train, Valid, Test float64
}

// DefaultShares leave 60% of the edges observed.
var DefaultShares = Shares{Train: 0.25, Valid: 0.05, Test: 0.10}

// Split hides edges of a graph, chosen at random, each with the same probability, and draws as many negatives by the given
// rule: pairs of different nodes that are no edge of the whole graph, none twice. The same seed gives the same split. It
// is an error if there are too few edges or too few pairs without one.
func Split(g *Graph, shares Shares, rule Negatives, seed uint64) (*Hidden, error) {
	total := shares.Train + shares.Valid + shares.Test
	if !(min(shares.Train, shares.Valid, shares.Test) > 0 && total < 1) {
		return nil, errors.Errorf("splitting a graph: shares are %+v, want each more than 0 and in all less than 1", shares)
	}
	edges := make([]Pair, 0, g.NumEdges())
	for edge := range g.Edges() {
		edges = append(edges, edge)
	}
	var counts []int
	hidden := 0
	for _, share := range []float64{shares.Train, shares.Valid, shares.Test} {
		counts = append(counts, int(math.Round(share*float64(len(edges)))))
		hidden += counts[len(counts)-1]
	}
	if min(counts[0], counts[1], counts[2]) < 1 || hidden >= len(edges) {
		return nil, errors.Errorf("splitting a graph: shares %+v of %d edges are %d, want at least one each and one left",
			shares, len(edges), counts)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	random.Shuffle(len(edges), func(i, j int) { edges[i], edges[j] = edges[j], edges[i] })
	negatives, err := rule(g, edges[:hidden], random)
	if err != nil {
		return nil, errors.WithMessage(err, "splitting a graph")
	}
	h := &Hidden{}
	for i, links := range []*Links{&h.Train, &h.Valid, &h.Test} {
		*links = mixed(edges[:counts[i]], negatives[:counts[i]], random)
		edges, negatives = edges[counts[i]:], negatives[counts[i]:]
	}
	h.Observed, err = New(g.Nodes(), edges)
	return h, err
}

// mixed returns edges and pairs that are none, shuffled.
func mixed(edges, nonEdges []Pair, random *rand.Rand) Links {
	pairs := append(append([]Pair{}, edges...), nonEdges...)
	links := Links{Labels: make([]int32, len(pairs))}
	for i, from := range random.Perm(len(pairs)) {
		links.Pairs = append(links.Pairs, pairs[from])
		if from < len(edges) {
			links.Labels[i] = 1
		}
	}
	return links
}
