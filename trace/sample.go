package trace

import (
	"hash/fnv"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// random is the source of all samples of a layer at a step. It depends on the two alone, so that a resumed run records
// the same samples.
type random = rand.Rand

func newRandom(path string, step int) *random {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(path)) // Never fails.
	return rand.New(rand.NewPCG(hash.Sum64(), uint64(step)))
}

// sample returns the indices of at most limit bits that are 1, in order: all of them if there are no more, else one from
// each of limit strata of nearly equal size.
func sample(b bitset.Set, limit int, rng *random) []int {
	total := b.Count()
	limit = min(limit, total)
	chosen := make([]int, 0, limit)
	word, passed := 0, 0 // passed is the number of ones before the word.
	for stratum := range limit {
		low, high := stratum*total/limit, (stratum+1)*total/limit
		rank := low + rng.IntN(high-low)
		for n := bits.OnesCount64(b[word]); passed+n <= rank; n = bits.OnesCount64(b[word]) {
			passed += n
			word++
		}
		rest := b[word]
		for range rank - passed {
			rest &= rest - 1
		}
		chosen = append(chosen, 64*word+bits.TrailingZeros64(rest))
	}
	return chosen
}

// newSamples samples the candidates: at most half of the limit from those that were grown, and from the others.
func newSamples(m *Move, grown, candidates bitset.Set, limit int, rng *random) *Samples {
	index := slices.Concat(sample(grown, limit/2, rng), sample(candidates.AndNot(grown), limit/2, rng))
	if len(index) == 0 {
		return nil
	}
	slices.Sort(index)
	s := &Samples{Index: index}
	for _, i := range index {
		if m.Gradient != nil {
			s.Gradient = append(s.Gradient, abs(m.Gradient[i]))
		}
		s.Visits = append(s.Visits, m.Visits[i])
		s.Score = append(s.Score, m.Score[i])
		s.Grown = append(s.Grown, grown.Has(i))
	}
	return s
}

// lowest returns the lowest value of the entries, nil if there are none. A NaN counts as -Infinity, as it does in growth.
func lowest(values []float32, entries bitset.Set) *Float32 {
	var low *Float32
	for i := range entries.All() {
		value := Float32(values[i])
		if value != value {
			value = Float32(math.Inf(-1))
		}
		if low == nil || value < *low {
			low = &value
		}
	}
	return low
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
