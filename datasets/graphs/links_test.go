package graphs_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets/graphs"
	"github.com/stretchr/testify/require"
)

var rules = map[string]graphs.Negatives{"uniform": graphs.Uniform, "one end": graphs.OneEnd}

// star returns a graph of hubs with leaves of their own, linked in a ring: most edges are a hub's.
func star(t testing.TB, hubs, leaves int) *graphs.Graph {
	var edges []graphs.Pair
	for hub := range int32(hubs) {
		edges = append(edges, graphs.NewPair(hub, (hub+1)%int32(hubs)))
		for leaf := range int32(leaves) {
			edges = append(edges, graphs.Pair{hub, int32(hubs) + hub*int32(leaves) + leaf})
		}
	}
	return newGraph(t, hubs*(leaves+1), edges...)
}

// Nothing leaks: observed edges and the pairs of the three splits are disjoint, in either direction; all edges are
// somewhere; labels are right; negatives are as many as edges.
func TestSplit(t *testing.T) {
	for name, rule := range rules {
		for graph, g := range map[string]*graphs.Graph{
			"random": random(t, 80, 0.1, 1), "dense": random(t, 30, 0.6, 2), "sparse": random(t, 500, 0.005, 3), "stars": star(t, 5, 60),
		} {
			t.Run(name+"/"+graph, func(t *testing.T) {
				hidden, err := graphs.Split(g, graphs.DefaultShares, rule, 7)
				require.NoError(t, err)
				seen := map[graphs.Pair]bool{}
				edges := 0
				for edge := range hidden.Observed.Edges() {
					require.True(t, g.HasEdge(edge[0], edge[1]))
					seen[edge] = true
					edges++
				}
				for share, links := range map[float64]graphs.Links{0.25: hidden.Train, 0.05: hidden.Valid, 0.1: hidden.Test} {
					require.Len(t, links.Labels, len(links.Pairs))
					positive := 0
					for i, pair := range links.Pairs {
						require.Less(t, pair[0], pair[1], "pairs have one direction, and are no loops")
						require.False(t, seen[pair], "%v is there twice", pair)
						seen[pair] = true
						require.Equal(t, g.HasEdge(pair[0], pair[1]), links.Labels[i] == 1)
						positive += int(links.Labels[i])
					}
					require.Equal(t, len(links.Pairs), 2*positive)
					require.InDelta(t, share*float64(g.NumEdges()), positive, 0.5)
					edges += positive
				}
				require.Equal(t, g.NumEdges(), edges)
				require.Equal(t, g.Nodes(), hidden.Observed.Nodes())

				again, err := graphs.Split(g, graphs.DefaultShares, rule, 7)
				require.NoError(t, err)
				require.Equal(t, hidden, again)
				other, err := graphs.Split(g, graphs.DefaultShares, rule, 8)
				require.NoError(t, err)
				require.NotEqual(t, hidden.Train, other.Train)
			})
		}
	}
}

// Splits are published with results, and must never change.
func TestSplitIsFixed(t *testing.T) {
	hidden, err := graphs.Split(random(t, 12, 0.5, 1), graphs.DefaultShares, graphs.OneEnd, 1)
	require.NoError(t, err)
	require.Equal(t, graphs.Links{
		Pairs:  []graphs.Pair{{5, 8}, {2, 10}, {2, 7}, {2, 9}, {4, 8}, {6, 7}, {3, 4}, {2, 5}},
		Labels: []int32{0, 0, 0, 1, 0, 1, 1, 1},
	}, hidden.Test)
}

// With OneEnd hubs are in negatives, too; with Uniform hardly ever.
func TestNegativesOfHubs(t *testing.T) {
	g := star(t, 5, 200)
	share := func(rule graphs.Negatives) float64 {
		pairs, err := rule(g, slices.Collect(g.Edges()), rand.New(rand.NewPCG(1, 0)))
		require.NoError(t, err)
		hubs := 0
		for _, pair := range pairs {
			if pair[0] < 5 {
				hubs++
			}
		}
		return float64(hubs) / float64(len(pairs))
	}
	require.InDelta(t, 0.5, share(graphs.OneEnd), 0.05)
	require.Less(t, share(graphs.Uniform), 0.03)
}

// All that are left are drawn, if as many are asked for.
func TestUniformTakesAll(t *testing.T) {
	g := random(t, 20, 0.5, 4)
	left := 190 - g.NumEdges()
	pairs, err := graphs.Uniform(g, make([]graphs.Pair, left), rand.New(rand.NewPCG(1, 0)))
	require.NoError(t, err)
	slices.SortFunc(pairs, func(a, b graphs.Pair) int { return int(a[0]*20 + a[1] - b[0]*20 - b[1]) })
	require.Len(t, slices.Compact(pairs), left)
	_, err = graphs.Uniform(g, make([]graphs.Pair, left+1), rand.New(rand.NewPCG(1, 0)))
	require.ErrorContains(t, err, "pairs of nodes without an edge")
}

func TestSplitErrors(t *testing.T) {
	g := random(t, 20, 0.5, 1)
	for _, shares := range []graphs.Shares{{0.5, 0.2, 0.3}, {0, 0.2, 0.3}, {0.5, -0.1, 0.1}} {
		_, err := graphs.Split(g, shares, graphs.Uniform, 1)
		require.ErrorContains(t, err, "want each more than 0 and in all less than 1")
	}
	_, err := graphs.Split(newGraph(t, 3, graphs.Pair{0, 1}), graphs.DefaultShares, graphs.Uniform, 1)
	require.ErrorContains(t, err, "want at least one each and one left")
	complete := random(t, 20, 2, 1)
	_, err = graphs.Split(complete, graphs.DefaultShares, graphs.Uniform, 1)
	require.ErrorContains(t, err, "0 pairs of nodes without an edge")
	_, err = graphs.Split(complete, graphs.DefaultShares, graphs.OneEnd, 1)
	require.ErrorContains(t, err, "found no node")
}
