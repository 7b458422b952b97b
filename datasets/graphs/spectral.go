package graphs

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

const (
	spectralSize       = 8 // eigenvectors that are kept
	spectralOversample = 8 // vectors that are iterated beside them
	spectralRounds     = 6 // of multiplications with the matrix, after which the vectors are made orthonormal again
	spectralPerRound   = 4 // multiplications of a round; more would leave the vectors nearly parallel
)

// spectral returns the eigenvalues of largest size, and their eigenvectors, of the [normalizedAdjacency] of a graph. There
// are spectralSize of them, those that a small graph lacks being 0.
//
// Randomized subspace iteration (Halko, Martinsson and Tropp, SIAM Review 53, 2011, algorithm 4.4) from vectors drawn by
// the seed, and Rayleigh-Ritz.
func spectral(g *Graph, seed uint64) (values []float64, vectors [][]float64) {
	random := rand.New(rand.NewPCG(seed, 1))
	block := make([][]float64, min(g.Nodes(), spectralSize+spectralOversample))
	for i := range block {
		block[i] = make([]float64, g.Nodes())
		for x := range block[i] {
			block[i][x] = random.NormFloat64()
		}
	}
	matrix := newNormalizedAdjacency(g)
	orthonormalize(block)
	for range spectralRounds {
		matrix.apply(block, spectralPerRound)
		orthonormalize(block)
	}
	return matrix.rayleighRitz(block)
}

// normalizedAdjacency is the matrix (D+τ)^-½·A·(D+τ)^-½, with A the adjacency matrix, D the degrees and τ their mean: without
// τ, each small component would have an eigenvalue of 1 of its own (Qin and Rohe, Regularized Spectral Clustering under the
// Degree-Corrected Stochastic Blockmodel, NeurIPS 2013).
type normalizedAdjacency struct {
	graph *Graph
	scale []float64 // (D+τ)^-½ of each node.
}

func newNormalizedAdjacency(g *Graph) normalizedAdjacency {
	a := normalizedAdjacency{g, make([]float64, g.Nodes())}
	tau := 2 * float64(g.NumEdges()) / float64(max(g.Nodes(), 1))
	for x := range a.scale {
		if regularized := float64(g.Degree(int32(x))) + tau; regularized > 0 {
			a.scale[x] = 1 / math.Sqrt(regularized)
		}
	}
	return a
}

// apply replaces each vector by its product with the matrix, as often as said. Vectors do not depend on each other.
func (a normalizedAdjacency) apply(vectors [][]float64, times int) {
	var workers sync.WaitGroup
	for i := range vectors {
		workers.Go(func() {
			product := make([]float64, len(vectors[i]))
			for range times {
				a.multiply(product, vectors[i])
				product, vectors[i] = vectors[i], product
			}
		})
	}
	workers.Wait()
}

// multiply writes the product of the matrix with one vector to another.
func (a normalizedAdjacency) multiply(to, from []float64) {
	for x := range to {
		sum := 0.0
		for _, y := range a.graph.Neighbors(int32(x)) {
			sum += a.scale[y] * from[y]
		}
		to[x] = a.scale[x] * sum
	}
}

// rayleighRitz returns the eigenvalues of largest size, and their eigenvectors, within the space of an orthonormal basis.
func (a normalizedAdjacency) rayleighRitz(basis [][]float64) (values []float64, vectors [][]float64) {
	products := slices.Clone(basis)
	a.apply(products, 1) // Once, it writes to new memory.
	small := mat.NewSymDense(max(len(basis), 1), nil)
	for i := range basis {
		for j := range i + 1 {
			small.SetSym(i, j, floats.Dot(basis[j], products[i]))
		}
	}
	var eigen mat.EigenSym
	eigen.Factorize(small, true) // A symmetric matrix of finite numbers always has eigenvalues.
	all := eigen.Values(nil)
	var rotation mat.Dense
	eigen.VectorsTo(&rotation)
	order := make([]int, len(all))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(math.Abs(all[j]), math.Abs(all[i])) })
	values, vectors = make([]float64, spectralSize), make([][]float64, spectralSize)
	for k := range vectors {
		vectors[k] = make([]float64, a.graph.Nodes())
		if k >= len(basis) {
			continue
		}
		values[k] = all[order[k]]
		for i := range basis {
			floats.AddScaled(vectors[k], rotation.At(i, order[k]), basis[i])
		}
	}
	return values, vectors
}

// orthonormalize replaces vectors by orthonormal ones that span the same space, by the modified Gram-Schmidt process done
// twice; those that depend on the ones before become 0.
func orthonormalize(vectors [][]float64) {
	for i, v := range vectors {
		before := floats.Norm(v, 2)
		for range 2 {
			for _, u := range vectors[:i] {
				floats.AddScaled(v, -floats.Dot(u, v), u)
			}
		}
		const dependent = 1e-10
		if norm := floats.Norm(v, 2); norm > dependent*before {
			floats.Scale(1/norm, v)
		} else {
			clear(v)
		}
	}
}
