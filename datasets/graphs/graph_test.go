package graphs_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets/graphs"
	"github.com/stretchr/testify/require"
)

func newGraph(t testing.TB, nodes int, edges ...graphs.Pair) *graphs.Graph {
	g, err := graphs.New(nodes, edges)
	require.NoError(t, err)
	return g
}

// random returns a graph of n nodes, each pair of which is linked with the given probability.
func random(t testing.TB, n int, probability float64, seed uint64) *graphs.Graph {
	source := rand.New(rand.NewPCG(seed, 0))
	var edges []graphs.Pair
	for x := range int32(n) {
		for y := range x {
			if source.Float64() < probability {
				edges = append(edges, graphs.Pair{x, y})
			}
		}
	}
	return newGraph(t, n, edges...)
}

func TestGraph(t *testing.T) {
	g := newGraph(t, 6, graphs.Pair{4, 1}, graphs.Pair{1, 0}, graphs.Pair{1, 4}, graphs.Pair{0, 1}, graphs.Pair{2, 2}, graphs.Pair{4, 3})
	require.Equal(t, 6, g.Nodes())
	require.Equal(t, 3, g.NumEdges())
	require.Equal(t, 2, g.Duplicates)
	require.Equal(t, 1, g.Loops)
	require.Equal(t, []int32{0, 4}, g.Neighbors(1))
	require.Equal(t, []int32{1, 3}, g.Neighbors(4))
	require.Empty(t, g.Neighbors(5))
	require.Equal(t, []graphs.Pair{{0, 1}, {1, 4}, {3, 4}}, slices.Collect(g.Edges()))
	require.True(t, g.HasEdge(4, 1) && g.HasEdge(1, 4))
	require.False(t, g.HasEdge(2, 2) || g.HasEdge(0, 4))
	for edge := range g.Edges() { // may be left early
		require.Equal(t, graphs.Pair{0, 1}, edge)
		break
	}
}

func TestGraphErrors(t *testing.T) {
	for _, edge := range []graphs.Pair{{0, 3}, {-1, 0}} {
		_, err := graphs.New(3, []graphs.Pair{{0, 1}, edge})
		require.ErrorContains(t, err, "edge 1 links")
		require.ErrorContains(t, err, "want nodes from 0 to 2")
	}
	_, err := graphs.New(-1, nil)
	require.ErrorContains(t, err, "-1 nodes")
}

func TestCommon(t *testing.T) {
	g := random(t, 40, 0.3, 1)
	for x := range int32(40) {
		for y := range x {
			var want, got []int32
			for z := range int32(40) {
				if g.HasEdge(x, z) && g.HasEdge(y, z) {
					want = append(want, z)
				}
			}
			n := g.Common(x, y, func(z int32) { got = append(got, z) })
			require.Equal(t, want, got)
			require.Equal(t, len(want), n)
			require.Equal(t, len(want), g.Common(y, x, nil))
		}
	}
}
