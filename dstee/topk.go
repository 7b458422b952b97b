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
	among    bitset // The entries that are eligible,
	others   bool   // or, if others, those that are not in among.
	selected bitset // The chosen entries are added to it.
	best     bool   // The best eligible entry is chosen whatever other layers have.
}

// eligible returns which of the 64 entries from 64·w on are eligible and not selected yet.
func (c *contest) eligible(w int) uint64 {
	word := c.among[w]
	if c.others {
		word = ^word
	}
	word &^= c.selected[w]
	if left := len(c.scores) - 64*w; left < 64 {
		word &= 1<<left - 1
	}
	return word
}

// topKOnHost selects the k highest scores among the eligible entries of all layers, or all of them if they are fewer.
//
// It finds the k-th highest key by radix selection, 11 bits at a time, on all cores: O(n), whatever k is.
func topKOnHost(layers []*contest, k int) {
	k -= takeBest(layers)
	if k <= 0 {
		return
	}
	sizes := make([]int, len(layers))
	for i, c := range layers {
		sizes[i] = len(c.scores)
	}
	chunks := chunksOf(sizes...)
	threshold, ties, found := kthKey(layers, chunks, k)
	if !found { // Fewer than k are eligible: all of them are chosen, whose keys are above 0.
		threshold, ties = 0, 0
	}
	equal := make([]int, len(chunks))
	inParallel(len(chunks), func(_, i int) { equal[i] = layers[chunks[i].layer].selectAbove(chunks[i], threshold) })
	// Each chunk takes of the entries that tie with the k-th as many as those before it leave.
	for i, n := range equal {
		equal[i] = min(n, ties)
		ties -= equal[i]
	}
	inParallel(len(chunks), func(_, i int) {
		if equal[i] > 0 {
			layers[chunks[i].layer].selectEqual(chunks[i], threshold, equal[i])
		}
	})
}

// kthKey returns the k-th highest key of the eligible entries that are not selected, and how many of the entries with that
// key are among the k highest. found is false if there are fewer than k.
func kthKey(layers []*contest, chunks []chunk, k int) (key uint32, ties int, found bool) {
	// key holds the bits that are known so far, ties how many of the entries that share them are among the k highest.
	var known uint32
	ties = k
	for _, digit := range []struct{ shift, bits uint }{{21, 11}, {10, 11}, {0, 10}} {
		last := uint32(1)<<digit.bits - 1
		counts := make([][1 << 11]int32, numWorkers(len(chunks)))
		inParallel(len(chunks), func(worker, i int) {
			layers[chunks[i].layer].countDigits(chunks[i], key, known, digit.shift, last, &counts[worker])
		})
		found = false
		for d := int(last); d >= 0; d-- {
			n := 0
			for worker := range counts {
				n += int(counts[worker][d])
			}
			if n >= ties {
				key |= uint32(d) << digit.shift
				found = true
				break
			}
			ties -= n
		}
		if !found {
			return 0, 0, false
		}
		known |= last << digit.shift
	}
	return key, ties, true
}

// countDigits counts the digits of the chunk's keys that begin with prefix.
func (c *contest) countDigits(chunk chunk, prefix, known uint32, shift uint, last uint32, counts *[1 << 11]int32) {
	for w := chunk.begin / 64; 64*w < chunk.end; w++ {
		word := c.eligible(w)
		scores := c.scores[64*w:]
		if word == math.MaxUint64 {
			for _, score := range scores[:64] {
				if key := rankKey(score); key&known == prefix {
					counts[key>>shift&last&(1<<11-1)]++
				}
			}
			continue
		}
		for ; word != 0; word &= word - 1 {
			if key := rankKey(scores[bits.TrailingZeros64(word)]); key&known == prefix {
				counts[key>>shift&last&(1<<11-1)]++
			}
		}
	}
}

// selectAbove selects the chunk's entries with keys above the threshold, and returns how many have just that key.
func (c *contest) selectAbove(chunk chunk, threshold uint32) (equal int) {
	for w := chunk.begin / 64; 64*w < chunk.end; w++ {
		word := c.eligible(w)
		scores := c.scores[64*w:]
		chosen := uint64(0)
		for ; word != 0; word &= word - 1 {
			i := bits.TrailingZeros64(word)
			switch key := rankKey(scores[i]); {
			case key > threshold:
				chosen |= 1 << i
			case key == threshold:
				equal++
			}
		}
		c.selected[w] |= chosen
	}
	return equal
}

// selectEqual selects the first n entries of the chunk whose key is the threshold.
func (c *contest) selectEqual(chunk chunk, threshold uint32, n int) {
	for w := chunk.begin / 64; 64*w < chunk.end; w++ {
		word := c.eligible(w)
		for ; word != 0; word &= word - 1 {
			i := bits.TrailingZeros64(word)
			if rankKey(c.scores[64*w+i]) != threshold {
				continue
			}
			c.selected[w] |= 1 << i
			if n--; n == 0 {
				return
			}
		}
	}
}

// takeBest selects the best entry of each layer that asks for it, and returns how many there are.
func takeBest(layers []*contest) (taken int) {
	for _, c := range layers {
		if !c.best {
			continue
		}
		best, bestKey := -1, uint32(0)
		for w := range c.among {
			for word := c.eligible(w); word != 0; word &= word - 1 {
				i := 64*w + bits.TrailingZeros64(word)
				if key := rankKey(c.scores[i]); key > bestKey {
					best, bestKey = i, key
				}
			}
		}
		if best >= 0 {
			c.selected.add(best)
			taken++
		}
	}
	return taken
}

// rankKey maps a score to an integer above 0 that orders as the scores do.
func rankKey(score float32) uint32 {
	switch {
	case score != score:
		score = float32(math.Inf(-1))
	case score == 0:
		score = 0 // Drops the sign of -0.
	}
	bits := math.Float32bits(score)
	if bits>>31 != 0 {
		return ^bits
	}
	return bits | 1<<31
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
