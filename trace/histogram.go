package trace

import (
	"fmt"
	"math"
	"math/bits"
)

// Histogram counts values in bins: Counts[i] of them lie in [Edges[i], Edges[i+1]), the last bin holding its upper edge
// too. There is one more edge than there are counts, or none of both.
type Histogram struct {
	Edges     Float32s `json:"edges"`
	Counts    []int    `json:"counts"`
	NonFinite int      `json:"non_finite,omitempty"` // Values that are NaN or infinite, which no bin counts.
}

// Total is the number of values counted in bins.
func (h *Histogram) Total() int {
	total := 0
	for _, n := range h.Counts {
		total += n
	}
	return total
}

// histogramBins is the number of bins of equal width. Two more hold the tails.
const histogramBins = 48

// newHistogram returns the histogram of the entries of values: bins of equal width from about the 0.5% to the 99.5%
// quantile, and one on either side up to the extremes, so that a few large values do not hide the shape of the rest. The
// quantiles are those of a sample. It returns nil if there are no values or no entries.
func newHistogram(values []float32, entries bitset, rng *random) *Histogram {
	if len(values) == 0 {
		return nil
	}
	h := &Histogram{Edges: Float32s{}, Counts: []int{}}
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	n := 0
	for i := range entries.ones() {
		n++
		value := values[i]
		if value-value != 0 { // NaN or infinite.
			h.NonFinite++
			continue
		}
		low, high = min(low, value), max(high, value)
	}
	if n == 0 {
		return nil
	}
	if n == h.NonFinite {
		return h
	}
	h.Edges = histogramEdges(values, entries, low, high, rng)
	h.Counts = make([]int, len(h.Edges)-1)
	first, last := 0, len(h.Counts)-1
	// The bin is computed, then corrected against the edges, which are rounded.
	inner := len(h.Counts) - 2
	start, scale := float64(h.Edges[1]), float64(inner)/(float64(h.Edges[len(h.Edges)-2])-float64(h.Edges[1]))
	for i := range entries.ones() {
		value := values[i]
		if value-value != 0 {
			continue
		}
		bin := first
		if last > 0 {
			bin = min(max(int(math.Floor((float64(value)-start)*scale))+1, first), last)
			for bin > first && value < h.Edges[bin] {
				bin--
			}
			for bin < last && value >= h.Edges[bin+1] {
				bin++
			}
		}
		h.Counts[bin]++
	}
	return h
}

// histogramEdges returns edges that rise strictly from low to high, or are equal if low and high are.
func histogramEdges(values []float32, entries bitset, low, high float32, rng *random) Float32s {
	var sampled []float32
	for _, i := range entries.sample(quantileSample, rng) {
		if value := values[i]; value-value == 0 {
			sampled = append(sampled, value)
		}
	}
	from, to := low, high
	if len(sampled) > 0 {
		q := quantiles(sampled, []float32{0.005, 0.995})
		from, to = q[0], q[1]
	}
	if !(from < to) {
		from, to = low, high
	}
	edges := Float32s{low}
	for i := range histogramBins + 1 {
		share := float64(i) / histogramBins
		edge := float32(float64(from)*(1-share) + float64(to)*share)
		if edge > edges[len(edges)-1] && edge < high {
			edges = append(edges, edge)
		}
	}
	return append(edges, high)
}

// allZero tells whether all values were 0.
func (h *Histogram) allZero() bool {
	return h.NonFinite == 0 && len(h.Edges) == 2 && h.Edges[0] == 0 && h.Edges[1] == 0
}

// visitBin is the bin of n visits: exact below 16, then one for each doubling.
func visitBin(n int) int {
	if n < 16 {
		return n
	}
	return bits.Len(uint(n)) + 11
}

// visitEdge is the lower edge of a bin of visits.
func visitEdge(bin int) float32 {
	if bin < 16 {
		return float32(bin)
	}
	return float32(uint64(1) << (bin - 12))
}

// countVisits returns the histogram of the visits after the mask was counted, and how many weights have any. Visits are
// those before, nil for none.
func countVisits(visits []int32, mask []bool) (h *Histogram, explored int, err error) {
	counts := make([]int, visitBin(math.MaxInt32+1)+1)
	for i, active := range mask {
		n := int(bit(active))
		if visits != nil {
			if visits[i] < 0 {
				return nil, 0, fmt.Errorf("weight %d has %d visits, which must be 0 or more", i, visits[i])
			}
			n += int(visits[i])
		}
		counts[visitBin(n)]++
	}
	for counts[len(counts)-1] == 0 {
		counts = counts[:len(counts)-1]
	}
	h = &Histogram{Counts: counts}
	for bin := range len(counts) + 1 {
		h.Edges = append(h.Edges, visitEdge(bin))
	}
	return h, len(mask) - counts[0], nil
}
