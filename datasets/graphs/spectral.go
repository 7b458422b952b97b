package graphs

import (
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

// spectral returns the eigenvalues of largest size, and their eigenvectors, of the regularized normalized adjacency matrix
// (D+τ)^-½·A·(D+τ)^-½, with D the degrees and τ their mean: without τ, each small component would have an eigenvalue of 1
// of its own (Qin and Rohe, Regularized Spectral Clustering under the Degree-Corrected Stochastic Blockmodel, NeurIPS
// 2013). There are spectralSize of them, those that a small graph lacks being 0.
//
// Randomized subspace iteration (Halko, Martinsson and Tropp, SIAM Review 53, 2011, algorithm 4.4) from vectors drawn by
// the seed, and Rayleigh-Ritz.
func spectral(g *Graph, seed uint64) (values []float64, vectors [][]float64) {
	n := g.Nodes()
	scale := make([]float64, n)
	tau := 2 * float64(g.NumEdges()) / float64(max(n, 1))
	for x := range scale {
		if regularized := float64(g.Degree(int32(x))) + tau; regularized > 0 {
			scale[x] = 1 / math.Sqrt(regularized)
		}
	}
	multiply := func(to, from []float64) {
		for x := range to {
			sum := 0.0
			for _, y := range g.Neighbors(int32(x)) {
				sum += scale[y] * from[y]
			}
			to[x] = scale[x] * sum
		}
	}
	random := rand.New(rand.NewPCG(seed, 1))
	block := make([][]float64, min(n, spectralSize+spectralOversample))
	for i := range block {
		block[i] = make([]float64, n)
		for x := range block[i] {
			block[i][x] = random.NormFloat64()
		}
	}
	orthonormalize(block)
	// apply replaces each vector by its product with the matrix, as often as said. Vectors do not depend on each other.
	apply := func(times int) {
		var vectors sync.WaitGroup
		for i := range block {
			vectors.Go(func() {
				product := make([]float64, n)
				for range times {
					multiply(product, block[i])
					product, block[i] = block[i], product
				}
			})
		}
		vectors.Wait()
	}
	for range spectralRounds {
		apply(spectralPerRound)
		orthonormalize(block)
	}
	basis := slices.Clone(block) // one multiplication writes to new memory
	apply(1)
	small := mat.NewSymDense(max(len(block), 1), nil)
	for i := range block {
		for j := range i + 1 {
			small.SetSym(i, j, floats.Dot(basis[j], block[i]))
		}
	}
	var eigen mat.EigenSym
	eigen.Factorize(small, true) // a symmetric matrix of finite numbers always has eigenvalues
	all := eigen.Values(nil)
	var rotation mat.Dense
	eigen.VectorsTo(&rotation)
	order := make([]int, len(all))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch sizeA, sizeB := math.Abs(all[a]), math.Abs(all[b]); {
		case sizeA > sizeB:
			return -1
		case sizeA < sizeB:
			return 1
		}
		return 0
	})
	values, vectors = make([]float64, spectralSize), make([][]float64, spectralSize)
	for k := range vectors {
		vectors[k] = make([]float64, n)
		if k >= len(block) {
			continue
		}
		values[k] = all[order[k]]
		for i := range block {
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
