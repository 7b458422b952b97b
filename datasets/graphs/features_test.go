package graphs_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/datasets/graphs"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// A square with one diagonal, and a node of its own: 0-1, 1-2, 2-3, 3-0, 0-2.
func square(t testing.TB) *graphs.Graph {
	return newGraph(t, 5, graphs.Pair{0, 1}, graphs.Pair{1, 2}, graphs.Pair{2, 3}, graphs.Pair{3, 0}, graphs.Pair{0, 2})
}

func TestPairFeatures(t *testing.T) {
	f := graphs.Describe(square(t), 1)
	features := f.Pairs([]graphs.Pair{{1, 3}, {0, 4}})
	require.Len(t, features, 2*graphs.PairSize)
	// 1 and 3 have the neighbors 0 and 2, which have 3 each.
	require.InDeltaSlice(t, []float32{
		float32(math.Log(3)), float32(math.Log(3)), float32(math.Log(3)), 1, float32(2 / math.Log(3)), 2. / 3,
		float32(math.Log(4)), float32(math.Log(4)),
	}, features[:8], 1e-6)
	// 4 has none, 0 has 1, 2 and 3, which have 2, 3 and 2.
	require.InDeltaSlice(t, []float32{0, float32(math.Log(4)), 0, 0, 0, 0, 0, float32(math.Log(1 + 7./3))}, features[16:24], 1e-6)
	for _, x := range features[24:] {
		require.InDelta(t, 0, x, 1e-6, "a node without edges is nowhere in the spectrum")
	}
}

// With n·λ·ux·uy for every eigenvector, sinh of the features adds up to n times the matrix.
func TestSpectralFeaturesRebuildTheMatrix(t *testing.T) {
	for _, g := range []*graphs.Graph{square(t), random(t, 8, 0.5, 2), newGraph(t, 3, graphs.Pair{0, 1})} {
		n := g.Nodes()
		tau := 2 * float64(g.NumEdges()) / float64(n)
		f := graphs.Describe(g, 3)
		for x := range int32(n) {
			for y := range int32(n) {
				want := 0.0
				if x != y && g.HasEdge(x, y) {
					want = float64(n) / math.Sqrt((float64(g.Degree(x))+tau)*(float64(g.Degree(y))+tau))
				}
				sum := 0.0
				for _, feature := range f.Pairs([]graphs.Pair{{x, y}})[8:] {
					sum += math.Sinh(float64(feature))
				}
				require.InDelta(t, want, sum, 1e-5, "%d %d", x, y)
			}
		}
	}
}

// Of a larger graph, the eigenvalues found are the largest ones.
func TestSpectralFeaturesAreTheLargest(t *testing.T) {
	g := random(t, 120, 0.05, 5)
	n := g.Nodes()
	tau := 2 * float64(g.NumEdges()) / float64(n)
	matrix := mat.NewSymDense(n, nil)
	for edge := range g.Edges() {
		matrix.SetSym(int(edge[0]), int(edge[1]), 1/math.Sqrt((float64(g.Degree(edge[0]))+tau)*(float64(g.Degree(edge[1]))+tau)))
	}
	var eigen mat.EigenSym
	require.True(t, eigen.Factorize(matrix, false))
	largest := 0.0
	for _, value := range eigen.Values(nil) {
		largest = max(largest, math.Abs(value))
	}
	// Node features hold √(n·|λ|)·u with u of length 1: the squares of a column add up to n·|λ|.
	nodes := graphs.Describe(g, 1).Nodes()
	require.Len(t, nodes, n*graphs.NodeSize)
	before := math.Inf(1)
	for k := 2; k < graphs.NodeSize; k++ {
		squares := 0.0
		for i := k; i < len(nodes); i += graphs.NodeSize {
			squares += float64(nodes[i]) * float64(nodes[i])
		}
		if k == 2 {
			require.InDelta(t, largest, squares/float64(n), 1e-4)
		}
		require.LessOrEqual(t, squares/float64(n), before+1e-6)
		before = squares / float64(n)
	}
}

// Features are a function of the graph and the seed, do not depend on the order of a pair, and say nothing of edges that
// are not in the graph.
func TestFeaturesDependOnObservedEdgesAlone(t *testing.T) {
	g := random(t, 60, 0.15, 1)
	hidden, err := graphs.Split(g, graphs.DefaultShares, graphs.OneEnd, 1)
	require.NoError(t, err)
	features := graphs.Describe(hidden.Observed, 1).Pairs(hidden.Test.Pairs)
	require.Equal(t, features, graphs.Describe(hidden.Observed, 1).Pairs(hidden.Test.Pairs))
	var swapped []graphs.Pair
	for _, pair := range hidden.Test.Pairs {
		swapped = append(swapped, graphs.Pair{pair[1], pair[0]})
	}
	require.InDeltaSlice(t, features, graphs.Describe(hidden.Observed, 1).Pairs(swapped), 1e-6)
	for _, x := range features {
		require.False(t, math.IsNaN(float64(x)) || math.IsInf(float64(x), 0))
	}
}

func TestFeaturesOfGraphWithoutEdges(t *testing.T) {
	for _, x := range graphs.Describe(newGraph(t, 3), 1).Pairs([]graphs.Pair{{0, 2}}) {
		require.Zero(t, x)
	}
	require.Empty(t, graphs.Describe(newGraph(t, 0), 1).Nodes())
}

// The messages add up to what the matrix says, on both backends: GraphSAGE's mean and GCN's normalized sum.
func TestAdjacency(t *testing.T) {
	g := random(t, 30, 0.1, 9)
	a := g.Adjacency()
	require.Len(t, a.From, 2*g.NumEdges())
	h := make([]float32, 30*4)
	for i := range h {
		h[i] = float32(i%7) - 2
	}
	mean, normalized := make([]float32, len(h)), make([]float32, len(h))
	for to := range int32(30) {
		for d := range 4 {
			sum, weighted := 0.0, float64(h[int(to)*4+d])/float64(1+g.Degree(to))
			for _, from := range g.Neighbors(to) {
				sum += float64(h[int(from)*4+d])
				weighted += float64(h[int(from)*4+d]) / math.Sqrt(float64((1+g.Degree(from))*(1+g.Degree(to))))
			}
			mean[int(to)*4+d] = float32(sum / float64(max(1, g.Degree(to))))
			normalized[int(to)*4+d] = float32(weighted)
		}
	}
	messages, nodes := len(a.From), g.Nodes()
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		got := graph.MustExecOnceN(backend, func(h, from, to, degrees, weights *graph.Node) []*graph.Node {
			sent := graph.Gather(h, from)
			sum := graph.ScatterSum(graph.ZerosLike(h), to, sent, true, false)
			counts := graph.ConvertDType(degrees, h.DType())
			gcn := graph.ScatterSum(graph.ZerosLike(h), to, graph.Mul(sent, weights), true, false)
			return []*graph.Node{
				graph.Div(sum, graph.MaxScalar(counts, 1)),
				graph.Add(gcn, graph.Div(h, graph.OnePlus(counts))),
			}
		}, tensors.FromFlatDataAndDimensions(h, nodes, 4), tensors.FromFlatDataAndDimensions(a.From, messages, 1),
			tensors.FromFlatDataAndDimensions(a.To, messages, 1), tensors.FromFlatDataAndDimensions(a.Degrees, nodes, 1),
			tensors.FromFlatDataAndDimensions(a.Weights, messages, 1))
		require.InDeltaSlice(t, mean, tensors.MustCopyFlatData[float32](got[0]), 1e-5)
		require.InDeltaSlice(t, normalized, tensors.MustCopyFlatData[float32](got[1]), 1e-5)
	})
}

// From a graph to what a link predictor trains on.
func ExampleSplit() {
	var edges []graphs.Pair
	for x := range int32(20) {
		edges = append(edges, graphs.NewPair(x, (x+1)%20), graphs.NewPair(x, (x+2)%20))
	}
	g, err := graphs.New(20, edges)
	if err != nil {
		fmt.Println(err)
		return
	}
	hidden, err := graphs.Split(g, graphs.DefaultShares, graphs.OneEnd, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	features := graphs.Describe(hidden.Observed, 1).Pairs(hidden.Train.Pairs)
	fmt.Println(g.NumEdges(), "edges,", hidden.Observed.NumEdges(), "observed")
	fmt.Println(len(hidden.Train.Pairs), "pairs to train with,", len(features)/len(hidden.Train.Pairs), "features each")
	// Output:
	// 40 edges, 24 observed
	// 20 pairs to train with, 16 features each
}
