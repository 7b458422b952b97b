package trace

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// VisitCounts counts the weights of a layer by their visits N, the number of topologies in which each was active: that of
// Counts[i] weights is in [Edges[i], Edges[i+1]). Bins are exact below 16, and double from there.
type VisitCounts struct {
	Edges  []int `json:"edges"` // One more than Counts.
	Counts []int `json:"counts"`
}

// visitBin is the bin of n visits.
func visitBin(n int) int {
	if n < 16 {
		return n
	}
	return bits.Len(uint(n)) + 11
}

// visitEdge is the lower edge of a bin.
func visitEdge(bin int) int {
	if bin < 16 {
		return bin
	}
	return 1 << (bin - 12)
}

// countVisits counts the visits after the mask was counted, and the weights that have any. visits are those before, nil
// for none.
func countVisits(visits []int32, mask []bool) (v *VisitCounts, explored int, err error) {
	if visits == nil {
		visits = make([]int32, len(mask))
	}
	counts := make([]int, visitBin(math.MaxInt32+1)+1)
	for i, active := range mask {
		if visits[i] < 0 {
			return nil, 0, fmt.Errorf("weight %d has %d visits, which must be 0 or more", i, visits[i])
		}
		counts[visitBin(int(visits[i])+int(bitset.Bit(active)))]++
	}
	explored = len(mask) - counts[0]
	for counts[len(counts)-1] == 0 {
		counts = counts[:len(counts)-1]
	}
	v = &VisitCounts{Counts: counts}
	for bin := range len(counts) + 1 {
		v.Edges = append(v.Edges, visitEdge(bin))
	}
	return v, explored, nil
}
