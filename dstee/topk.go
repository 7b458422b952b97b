package dstee

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	sets "github.com/sparsekernel/sparsekernel/internal/bitset"
)

// This file selects the k highest scores on the host, topkgraph.go in a graph. Both rank by the same integer key, so that
// they choose the same entries to the last one.
//
// The key of a score is an unsigned integer that grows with it: -0 counts as +0, a NaN as -Inf. Equal scores are
// ranked by layer and flat index, the lowest first.

// contest is what the weights of one layer compete with.
type contest struct {
	scores   []float32
	open     bitset // The entries that compete: not decided yet.
	selected bitset // The chosen entries are added to it.
	best     bool   // The best entry is chosen whatever other layers have.

	high bitset // The open entries that a pivot does not exceed.
}

// topKOnHost selects the k highest scores among the open entries of all layers, or all of them if they are fewer.
//
// It is quickselect (Hoare, 1961) on all cores, with pivots from samples, chosen so that each most probably decides the
// larger part (after Floyd and Rivest, Communications of the ACM 18(3), 1975). O(n), whatever k is.
func topKOnHost(layers []*contest, k int) {
	k -= takeBest(layers)
	sizes := make([]int, len(layers))
	size, open := 0, 0
	for i, c := range layers {
		sizes[i] = len(c.scores)
		size += len(c.scores)
		open += c.open.count()
	}
	chunks := chunksOf(sizes...)
	for 0 < k && k < open {
		if open < size/8 {
			topKTogether(layers, chunks, open, k)
			return
		}
		pivot := pivotFor(layers, open, k)
		high := split(layers, chunks, pivot)
		if high == open { // No score is below the pivot.
			high = split(layers, chunks, pivot+1)
		}
		if high == 0 { // All scores are equal.
			break
		}
		for _, c := range layers {
			c.narrow(high >= k)
		}
		if high >= k {
			open = high
		} else {
			open, k = open-high, k-high
		}
	}
	for _, c := range layers { // What is still open has equal scores, or is chosen whole.
		k -= c.takeFirst(k)
	}
}

// topKTogether is topKOnHost of open entries that lie far apart: it moves their scores together.
func topKTogether(layers []*contest, chunks []chunk, open, k int) {
	starts := make([]int, len(chunks)+1) // Of the chunks' open entries, when they are together.
	for i, chunk := range chunks {
		words := layers[chunk.layer].open[chunk.begin/64 : (chunk.end+63)/64]
		starts[i+1] = starts[i] + words.count()
	}
	together := &contest{scores: make([]float32, open), open: newBitset(open).others(open), selected: newBitset(open)}
	inParallel(len(chunks), func(_, i int) {
		c, at := layers[chunks[i].layer], starts[i]
		c.open.eachIn(chunks[i], func(indices []int32) {
			for _, j := range indices {
				together.scores[at] = c.scores[j]
				at++
			}
		})
	})
	topKOnHost([]*contest{together}, k)
	inParallel(len(chunks), func(_, i int) {
		c, at := layers[chunks[i].layer], starts[i]
		c.open.eachIn(chunks[i], func(indices []int32) {
			for _, j := range indices {
				c.selected[j>>6] |= sets.Bit(together.selected.has(at)) << (j & 63)
				at++
			}
		})
	})
}

// sampleSize is how many scores a pivot is chosen from: enough to be near the k-th highest, few enough to cost nothing.
const sampleSize = 512

// pivotFor returns the key of an open entry near the k-th highest: below it if k is the smaller part of the open entries,
// and above if it is the larger, by 2.5 standard deviations of its rank in the sample.
func pivotFor(layers []*contest, open, k int) uint32 {
	keys := sampleKeys(layers, open)
	n, share := float64(len(keys)), float64(k)/float64(open)
	rank := n * share
	if margin := 2.5 * math.Sqrt(rank*(1-share)); len(keys) == open {
		rank = float64(k)
	} else if share < 0.5 {
		rank += margin
	} else {
		rank -= margin
	}
	return uint32(slices.Min(highest(keys, max(1, min(int(math.Round(rank)), len(keys))))) >> 32)
}

// sampleKeys returns the keys of a random sample of the open entries, or of all of them if they are few, each with its number
// in the lower half. What is drawn decides how long a selection takes, not what it selects.
func sampleKeys(layers []*contest, open int) []uint64 {
	step := max(1, open/sampleSize) // From one to the next, on average.
	rng := rand.New(rand.NewPCG(uint64(open), 0))
	var keys []uint64
	next, before := 0, 0
	for _, c := range layers {
		for w, word := range c.open {
			after := before + bits.OnesCount64(word)
			for ; next < after; next += 1 + rng.IntN(2*step-1) {
				for ; before < next; before++ {
					word &= word - 1
				}
				key := rankKey(c.scores[64*w+bits.TrailingZeros64(word)])
				keys = append(keys, uint64(key)<<32|uint64(len(keys)))
			}
			before = after
		}
	}
	return keys
}

// split sets what is high to the open entries whose key is the pivot or above, and returns how many there are.
func split(layers []*contest, chunks []chunk, pivot uint32) int {
	for _, c := range layers {
		c.high = newBitset(len(c.scores))
	}
	least := scoreOf(pivot)
	isLowest := math.IsInf(float64(least), -1) // NaN, which counts as -Inf, is not at least that.
	var total atomic.Int64
	inParallel(len(chunks), func(_, i int) {
		c, n := layers[chunks[i].layer], 0
		for w := chunks[i].begin / 64; 64*w < chunks[i].end; w++ {
			high := c.open[w]
			if !isLowest {
				high = atLeast(c.scores[64*w:min(64*w+64, len(c.scores))], high, least)
			}
			c.high[w] = high
			n += bits.OnesCount64(high)
		}
		total.Add(int64(n))
	})
	return int(total.Load())
}

// atLeast returns which of up to 64 open scores are at least as high. It does not branch on scores, which no CPU could foresee.
func atLeast(scores []float32, open uint64, least float32) (high uint64) {
	if bits.OnesCount64(open) > 16 {
		for i, score := range scores {
			high |= sets.Bit(score >= least) << (i & 63)
		}
		return high & open
	}
	for ; open != 0; open &= open - 1 {
		i := bits.TrailingZeros64(open)
		high |= sets.Bit(scores[i] >= least) << (i & 63)
	}
	return high
}

// narrow leaves open what is high, or selects that and leaves open the rest.
func (c *contest) narrow(toHigh bool) {
	if !toHigh {
		for w, high := range c.high {
			c.selected[w] |= high
			c.high[w] = c.open[w] &^ high
		}
	}
	c.open, c.high = c.high, nil
}

// takeFirst selects the first n open entries, and returns how many there were.
func (c *contest) takeFirst(n int) (taken int) {
	for w, word := range c.open {
		if all := bits.OnesCount64(word); taken+all <= n {
			c.selected[w] |= word
			taken += all
			continue
		}
		for ; taken < n; word &= word - 1 {
			c.selected[w] |= word & -word
			taken++
		}
		break
	}
	return taken
}

// takeBest selects the best entry of each layer that asks for it, and returns how many there are.
func takeBest(layers []*contest) (taken int) {
	for _, c := range layers {
		if !c.best {
			continue
		}
		best, bestKey := -1, uint32(0)
		for w, word := range c.open {
			for ; word != 0; word &= word - 1 {
				i := 64*w + bits.TrailingZeros64(word)
				if key := rankKey(c.scores[i]); key > bestKey {
					best, bestKey = i, key
				}
			}
		}
		if best >= 0 {
			c.selected.add(best)
			c.open = slices.Clone(c.open)
			c.open.remove(best)
			taken++
		}
	}
	return taken
}

// rankKey maps a score to an integer above 0 that orders as the scores do.
func rankKey(score float32) uint32 {
	key := math.Float32bits(score)
	if size := key & sizeBits; size == 0 || size > infinityBits {
		if size == 0 {
			return 1 << 31 // Drops the sign of -0.
		}
		key = 1<<31 | infinityBits
	}
	// All bits of a negative score are turned, of others the sign.
	return key ^ (uint32(int32(key)>>31) | 1<<31)
}

// scoreOf returns the score of the given key.
func scoreOf(key uint32) float32 {
	return math.Float32frombits(key ^ (^uint32(int32(key)>>31) | 1<<31))
}

// countTrue is the number of true entries.
func countTrue(mask []bool) int {
	n := 0
	for _, active := range mask {
		if active {
			n++
		}
	}
	return n
}
