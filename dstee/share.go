package dstee

import (
	"cmp"
	"math"
	"slices"
)

// shareOut shares total out among layers in proportion to their weights, which are finite and not negative: each gets at
// least its least and at most its most, exactly total together. What a layer cannot take is shared out again among the
// others; fractions are rounded by largest remainder, ties go to the first. Layers without any weight share alike.
//
// The total must lie between the sums of least and most.
func shareOut(total int, weights []float64, least, most []int) []int {
	shares := slices.Clone(least)
	for _, n := range least {
		total -= n
	}
	for total > 0 {
		var open []int // Layers that can take more.
		sum := 0.0
		for i := range shares {
			if shares[i] < most[i] {
				open = append(open, i)
				sum += weights[i]
			}
		}
		if len(open) == 0 {
			break
		}
		quota := func(i int) float64 {
			if sum == 0 {
				return float64(total) / float64(len(open))
			}
			return float64(total) * weights[i] / sum
		}
		filled := 0
		for _, i := range open {
			if room := most[i] - shares[i]; quota(i) >= float64(room) {
				shares[i] = most[i]
				filled += room
			}
		}
		if filled > 0 {
			total -= filled
			continue
		}
		slices.SortStableFunc(open, func(a, b int) int { return cmp.Compare(fraction(quota(b)), fraction(quota(a))) })
		rest := total
		for _, i := range open {
			whole := int(math.Floor(quota(i)))
			shares[i] += whole
			rest -= whole
		}
		for _, i := range open[:rest] {
			shares[i]++
		}
		break
	}
	return shares
}

// fraction is what flooring takes away.
func fraction(x float64) float64 { return x - math.Floor(x) }
