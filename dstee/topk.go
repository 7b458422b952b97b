package dstee

import (
	"math"
	"math/bits"
)

// This file selects the k highest scores on the host, topkgraph.go in a graph. Both rank by the same integer key, so that
// they choose the same entries to the last one.
//
// The key of a score is an unsigned integer that grows with it: -0 counts as +0, a NaN as -Inf. Equal scores are
// ranked by layer and flat index, the lowest first.

// contest is what the weights of one layer compete with.
type contest struct {
	scores   []float32
	open     bitset // The entries that compete: not decided yet. A selection consumes it.
	selected bitset // The chosen entries are added to it.
	best     bool   // The best entry is chosen whatever other layers have.
}

// topKOnHost selects the k highest scores among the open entries of all layers, or all of them if they are fewer.
//
// It is radix selection, 11 bits of the key at a time, on all cores: the digit of the k-th highest decides all entries but
// those that share it. O(n), whatever k is.
func topKOnHost(layers []*contest, k int) {
	k -= takeBest(layers)
	if k <= 0 {
		return
	}
	sizes := make([]int, len(layers))
	open := 0
	for i, c := range layers {
		sizes[i] = len(c.scores)
		open += c.open.count()
	}
	chunks := chunksOf(sizes...)
	for _, digit := range []digit{{21, 1<<11 - 1}, {10, 1<<11 - 1}, {0, 1<<10 - 1}} {
		if open <= k {
			break
		}
		counts := countDigits(layers, chunks, digit)
		of := digit.last
		for ; int(counts[of]) < k; of-- {
			k -= int(counts[of])
		}
		open = int(counts[of])
		inParallel(len(chunks), func(_, i int) { layers[chunks[i].layer].decide(chunks[i], digit, of) })
	}
	for _, c := range layers { // What is still open has equal scores, or is chosen whole.
		k -= c.takeFirst(k)
	}
}

// digit is a part of a key: it is shifted right, and last are its bits, all ones.
type digit struct {
	shift uint
	last  uint32
}

// countDigits counts the digits of the keys of all open entries.
func countDigits(layers []*contest, chunks []chunk, digit digit) (counts [1 << 11]int32) {
	byWorker := make([][1 << 11]int32, numWorkers(len(chunks)))
	inParallel(len(chunks), func(worker, i int) {
		c, counts := layers[chunks[i].layer], &byWorker[worker]
		for w := chunks[i].begin / 64; 64*w < chunks[i].end; w++ {
			scores := c.scores[64*w:]
			for word := c.open[w]; word != 0; word &= word - 1 {
				key := rankKey(scores[bits.TrailingZeros64(word)])
				counts[key>>digit.shift&digit.last&(1<<11-1)]++
			}
		}
	})
	for worker := range byWorker {
		for d, n := range byWorker[worker] {
			counts[d] += n
		}
	}
	return counts
}

// decide selects the chunk's open entries whose digit is above the given one, and leaves open those that have just that.
func (c *contest) decide(chunk chunk, digit digit, of uint32) {
	for w := chunk.begin / 64; 64*w < chunk.end; w++ {
		scores := c.scores[64*w:]
		var above, equal uint64
		for word := c.open[w]; word != 0; word &= word - 1 {
			i := bits.TrailingZeros64(word)
			d := rankKey(scores[i]) >> digit.shift & digit.last
			if d >= of {
				if d > of {
					above |= 1 << i
				} else {
					equal |= 1 << i
				}
			}
		}
		c.selected[w] |= above
		c.open[w] = equal
	}
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
