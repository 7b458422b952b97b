package trace

import (
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// quantileSample is how many candidates quantiles are taken of: the probability of each is then off by 0.022 at most, by
// one standard deviation.
const quantileSample = 512

// scoreProbabilities are dense at the top, where growth chooses.
var scoreProbabilities = []float32{0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 1}

// quantiles returns the quantiles of values of the given probabilities: the smallest value that at least that share of
// them does not exceed (definition 1 of Hyndman and Fan, The American Statistician, 1996). It sorts values; a NaN comes
// before all numbers. There must be at least one value.
func quantiles(values []float32, probabilities []float32) Float32s {
	slices.Sort(values)
	result := make(Float32s, len(probabilities))
	for i, p := range probabilities {
		// In float32, in which 0.2 of 5 values is 1: the product with a wider type would be above it.
		rank := int(math.Ceil(float64(p * float32(len(values)))))
		result[i] = values[min(max(rank-1, 0), len(values)-1)]
	}
	return result
}

// newScores returns the quantiles of the candidates' scores, nil if there are no candidates.
func newScores(m *Move, candidates bitset.Set, rng *random) *Scores {
	index := sample(candidates, quantileSample, rng)
	if len(index) == 0 {
		return nil
	}
	of := func(value func(i int) float32) Float32s {
		values := make([]float32, len(index))
		for j, i := range index {
			values[j] = value(i)
		}
		return quantiles(values, scoreProbabilities)
	}
	s := &Scores{
		Probabilities: scoreProbabilities,
		Total:         of(func(i int) float32 { return m.Score[i] }),
	}
	if m.Gradient != nil {
		s.Exploit = of(func(i int) float32 { return abs(m.Gradient[i]) })
		s.Explore = of(func(i int) float32 { return m.Score[i] - abs(m.Gradient[i]) })
	}
	return s
}
