package graphs

import (
	"math"
)

// PairSize is the number of features of a pair of nodes, that of the link predictor in the code of DST-EE's first author
// (harveyp123/ICCD_SpTrn_SLR), whose own features, from temporal random walks, are not public. NodeSize is the number of
// features of a node.
const (
	PairSize = 8 + spectralSize
	NodeSize = 2 + spectralSize
)

// Features describe nodes and pairs of nodes by a graph, that of observed edges. They do not look at any other edges, so
// whether a pair is linked does not show unless its edge is in the graph.
type Features struct {
	graph   *Graph
	mean    []float64 // degree of the neighbors of each node, on average
	values  []float64
	vectors [][]float64 // by eigenvalue, then node
	nodes   float64
}

// Describe prepares the features of a graph. The seed starts the search for eigenvectors.
func Describe(observed *Graph, seed uint64) *Features {
	f := &Features{graph: observed, mean: make([]float64, observed.Nodes()), nodes: float64(observed.Nodes())}
	for x := range f.mean {
		for _, y := range observed.Neighbors(int32(x)) {
			f.mean[x] += float64(observed.Degree(y)) / float64(observed.Degree(int32(x)))
		}
	}
	f.values, f.vectors = spectral(observed, seed)
	return f
}

// Pairs returns the features of pairs, [len(pairs), PairSize] in row-major order. The order of the two nodes does not
// matter. With k the degree and Γ the neighbors of a node, the features are
//
//	0, 1   ln(1+k), the smaller and the larger of the two: preferential attachment (Barabási and Albert, Science 286, 1999)
//	2      ln(1+|Γx∩Γy|), common neighbors (Newman, Phys. Rev. E 64, 2001)
//	3      |Γx∩Γy| / |Γx∪Γy|, Jaccard's coefficient
//	4      Σ 1/ln k over common neighbors (Adamic and Adar, Social Networks 25, 2003)
//	5      Σ 1/k over common neighbors, resource allocation (Zhou, Lü and Zhang, Eur. Phys. J. B 71, 2009)
//	6, 7   ln(1 + mean degree of the neighbors), the smaller and the larger of the two
//	8-15   asinh(n·λ·ux·uy) for the 8 largest eigenvalues λ of the regularized normalized adjacency matrix and their
//	       eigenvectors u: the Hadamard product of two embeddings (Grover and Leskovec, node2vec, KDD 2016) of n nodes
//
// 2 to 5 are compared by Liben-Nowell and Kleinberg, The Link-Prediction Problem for Social Networks, 2007.
func (f *Features) Pairs(pairs []Pair) []float32 {
	features := make([]float32, 0, len(pairs)*PairSize)
	for _, pair := range pairs {
		x, y := pair[0], pair[1]
		kx, ky := float64(f.graph.Degree(x)), float64(f.graph.Degree(y))
		adamicAdar, allocation := 0.0, 0.0
		common := float64(f.graph.Common(x, y, func(z int32) {
			k := float64(f.graph.Degree(z)) // at least 2
			adamicAdar += 1 / math.Log(k)
			allocation += 1 / k
		}))
		jaccard := 0.0
		if common > 0 {
			jaccard = common / (kx + ky - common)
		}
		for _, feature := range []float64{
			math.Log1p(min(kx, ky)), math.Log1p(max(kx, ky)), math.Log1p(common), jaccard, adamicAdar, allocation,
			math.Log1p(min(f.mean[x], f.mean[y])), math.Log1p(max(f.mean[x], f.mean[y])),
		} {
			features = append(features, float32(feature))
		}
		for k, value := range f.values {
			features = append(features, float32(math.Asinh(f.nodes*value*f.vectors[k][x]*f.vectors[k][y])))
		}
	}
	return features
}

// Nodes returns the features of all nodes, [nodes, NodeSize] in row-major order: ln(1+k), ln(1 + mean degree of the
// neighbors), and √(n·|λ|)·u for the eigenvalues and eigenvectors of [Features.Pairs].
func (f *Features) Nodes() []float32 {
	features := make([]float32, 0, f.graph.Nodes()*NodeSize)
	for x := range f.mean {
		features = append(features, float32(math.Log1p(float64(f.graph.Degree(int32(x))))), float32(math.Log1p(f.mean[x])))
		for k, value := range f.values {
			features = append(features, float32(math.Sqrt(f.nodes*math.Abs(value))*f.vectors[k][x]))
		}
	}
	return features
}
