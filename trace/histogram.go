package trace

import (
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// Histograms count the values of a layer in bins, those of the weights that were active before an update apart from those
// of the others. Active[i] and Inactive[i] of them lie in [Edges[i], Edges[i+1]), in the last bin those at its upper edge
// too. There is one more edge than there are bins, or none where no value was finite.
type Histograms struct {
	Edges    Float32s `json:"edges"`
	Active   []int    `json:"active"`
	Inactive []int    `json:"inactive,omitempty"` // Nil where all these values are 0, as those of inactive weights are.

	NonFinite int `json:"non_finite,omitempty"` // Values that are NaN or infinite, which no bin counts.
}

// innerBins is the number of bins of equal width. Two more hold the tails.
const innerBins = 48

// tailSample is the size of the sample whose extremes bound the bins of equal width: on either side about one value in
// 200 lies beyond.
const tailSample = 200

// newHistograms returns the histograms of values: bins of equal width between the extremes of a small sample, and one on
// either side up to the extremes of all, so that a few large values do not hide the shape of the rest. It returns nil if
// there are no values, or none to count.
func newHistograms(values []float32, active bitset.Set, rng *random) *Histograms {
	if len(values) == 0 {
		return nil
	}
	entries, all := bitset.New(len(values)).Not(len(values)), true
	if zeroOutside(values, active) {
		entries, all = active, false
	}
	edges, nonFinite := histogramEdges(values, entries, all, rng)
	if edges == nil && nonFinite == 0 {
		return nil
	}
	h := &Histograms{Edges: edges, Active: []int{}, NonFinite: nonFinite}
	if edges == nil {
		h.Edges = Float32s{}
		return h
	}
	b := newBinner(edges)
	for i := range active.All() {
		b.add(values[i])
	}
	h.Active = b.counts()
	if !all {
		return h
	}
	// Those of all values less those of active ones: a loop without a branch on the mask takes half the time.
	b = newBinner(edges)
	for _, value := range values {
		b.add(value)
	}
	h.Inactive = b.counts()
	for i, n := range h.Active {
		h.Inactive[i] -= n
	}
	return h
}

// zeroOutside tells whether all values but the active ones are 0.
func zeroOutside(values []float32, active bitset.Set) bool {
	for w, word := range active {
		var bits uint32 // Of the inactive values but for their signs: no branch for each of them.
		for i, value := range values[64*w : min(64*w+64, len(values))] {
			bits |= math.Float32bits(value) << 1 & (uint32(word>>i&1) - 1)
		}
		if bits != 0 {
			return false
		}
	}
	return true
}

// finite tells whether x is a number and not infinite.
func finite(x float32) bool { return x-x == 0 }

// histogramEdges returns edges that rise strictly from the lowest of the entries' values to the highest, or two that are
// equal if these are; nil if no value is finite. all tells that the entries are all there are.
func histogramEdges(values []float32, entries bitset.Set, all bool, rng *random) (edges Float32s, nonFinite int) {
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	extend := func(value float32) {
		switch {
		case !finite(value):
			nonFinite++
		case value < low:
			low = value
			high = max(high, value)
		case value > high:
			high = value
		}
	}
	if all {
		for _, value := range values {
			extend(value)
		}
	} else {
		for i := range entries.All() {
			extend(values[i])
		}
	}
	if low > high {
		return nil, nonFinite
	}
	from, to := high, low
	for _, i := range sample(entries, tailSample, rng) {
		if value := values[i]; finite(value) {
			from, to = min(from, value), max(to, value)
		}
	}
	if !(from < to) {
		from, to = low, high
	}
	edges = Float32s{low}
	for i := range innerBins + 1 {
		share := float64(i) / innerBins
		edge := float32(float64(from)*(1-share) + float64(to)*share)
		if edge > edges[len(edges)-1] && edge < high {
			edges = append(edges, edge)
		}
	}
	return append(edges, high), nonFinite
}

// binner counts values between edges that rise strictly.
type binner struct {
	edges        [innerBins + 3]float32 // As many as there are, then zeros.
	start, scale float32                // (value-start)*scale is about the bin.
	last         int                    // The last bin.
	numbers      [innerBins + 2]int
}

func newBinner(edges Float32s) *binner {
	b := &binner{last: len(edges) - 2}
	copy(b.edges[:], edges)
	if b.last >= 2 {
		// The bins from 1 to last-1 have equal width.
		b.scale = float32(float64(b.last-1) / (float64(edges[b.last]) - float64(edges[1])))
		b.start = edges[1] - 1/b.scale
	}
	return b
}

// add counts a value between the first and the last edge, if it is finite.
func (b *binner) add(value float32) {
	if !finite(value) {
		return
	}
	// The guess may be off by rounding, or not a number where the edges are far apart: the search ends it.
	bin := 0
	if guess := (value - b.start) * b.scale; guess > 0 {
		bin = b.last
		if guess < float32(b.last) {
			bin = int(guess)
		}
	}
	for bin > 0 && value < b.edges[bin] {
		bin--
	}
	for bin < b.last && value >= b.edges[bin+1] {
		bin++
	}
	b.numbers[bin]++
}

// counts returns the numbers of values in the bins.
func (b *binner) counts() []int { return slices.Clone(b.numbers[:b.last+1]) }
