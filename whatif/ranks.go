package whatif

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// spearman is the rank correlation of two lists of ranks (Spearman, 1904): Pearson's correlation of the ranks, which is
// right for ties. It is nil where it is undefined: if all ranks of one are equal.
func spearman(a, b []float64) *float64 {
	if len(a) < 2 {
		return nil
	}
	r := stat.Correlation(a, b, nil)
	if math.IsNaN(r) {
		return nil
	}
	r = max(-1, min(1, r)) // Rounding.
	return &r
}

// ranks returns the rank of each candidate's score, from 1 for the lowest. Equal scores share the mean of their ranks. As
// in dstee a NaN counts as -Inf.
func ranks(scores []float32, candidates []int) []float64 {
	values := make([]float32, len(candidates))
	order := make([]int, len(candidates))
	for at, i := range candidates {
		order[at] = at
		if values[at] = scores[i]; values[at] != values[at] {
			values[at] = float32(math.Inf(-1))
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	result := make([]float64, len(order))
	for begin := 0; begin < len(order); {
		end := begin + 1
		for end < len(order) && values[order[end]] == values[order[begin]] {
			end++
		}
		for _, at := range order[begin:end] {
			result[at] = float64(begin+1+end) / 2
		}
		begin = end
	}
	return result
}
