package dstee

import "math/bits"

// bitset is a set of indices, one bit each: an eighth of what a []bool takes.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// bitsetOf returns the indices of the true entries.
func bitsetOf(mask []bool) bitset {
	set := newBitset(len(mask))
	for i, in := range mask {
		if in {
			set.add(i)
		}
	}
	return set
}

func (s bitset) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s bitset) has(i int) bool { return s[i>>6]>>(i&63)&1 != 0 }

func (s bitset) count() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// fill sets the entries of mask to whether they are in the set.
func (s bitset) fill(mask []bool) {
	for i := range mask {
		mask[i] = s.has(i)
	}
}
