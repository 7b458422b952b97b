package dstee

import (
	bytewise "encoding/binary" // The name binary is taken.
	"math/bits"
	"unsafe"

	sets "github.com/sparsekernel/sparsekernel/internal/bitset"
)

// bitset is a set of indices, one bit each: an eighth of what a []bool takes. It adds to that of package bitset what changes a
// set, and what takes all cores.
type bitset sets.Set

func newBitset(n int) bitset { return bitset(sets.New(n)) }

// bitsetOf returns the indices of the true entries.
func bitsetOf(mask []bool) bitset {
	set := newBitset(len(mask))
	data := boolBytes(mask)
	inParallelChunks(len(mask), func(begin, end int) {
		i := begin
		for ; i+64 <= end; i += 64 {
			var word uint64
			for j := 0; j < 64; j += 8 {
				// Moves the lowest bit of byte b, at 8·b, to 56+b; no two products meet below.
				word |= bytewise.LittleEndian.Uint64(data[i+j:]) * 0x0102040810204080 >> 56 << j
			}
			set[i>>6] = word
		}
		for ; i < end; i++ {
			if mask[i] {
				set.add(i)
			}
		}
	})
	return set
}

// fill sets the entries of mask to whether they are in the set.
func (s bitset) fill(mask []bool) {
	data := boolBytes(mask)
	inParallelChunks(len(mask), func(begin, end int) {
		i := begin
		for ; i+8 <= end; i += 8 {
			packed := s[i>>6] >> (i & 63) & 0xFF
			spread := packed * 0x0101010101010101 & 0x8040201008040201 // Bit j alone in byte j.
			bytewise.LittleEndian.PutUint64(data[i:], (spread+0x7F7F7F7F7F7F7F7F)>>7&0x0101010101010101)
		}
		for ; i < end; i++ {
			mask[i] = s.has(i)
		}
	})
}

// boolBytes is the memory of mask, in which Go keeps true as 1 and false as 0.
func boolBytes(mask []bool) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(mask))), len(mask))
}

func (s bitset) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s bitset) remove(i int)   { s[i>>6] &^= 1 << (i & 63) }
func (s bitset) has(i int) bool { return sets.Set(s).Has(i) }
func (s bitset) count() int     { return sets.Set(s).Count() }

// others returns the indices below n that are not in the set.
func (s bitset) others(n int) bitset { return bitset(sets.Set(s).Not(n)) }

// without returns what is in the set but not in the other.
func (s bitset) without(other bitset) bitset { return bitset(sets.Set(s).AndNot(sets.Set(other))) }

// each calls fn with the indices in the set, batch by batch, on all cores.
func (s bitset) each(fn func(indices []int32)) {
	chunks := chunksOf(64 * len(s))
	inParallel(len(chunks), func(_, i int) { s.eachIn(chunks[i], fn) })
}

// eachIn calls fn with the indices in the set that lie in the chunk, in order and batch by batch.
//
// It lists four at a time, be there so many or not: how many a word has is not to be foreseen, and a wrong guess of the CPU
// costs as much as several of them.
func (s bitset) eachIn(chunk chunk, fn func(indices []int32)) {
	const batchSize = 1024
	batch, n := make([]int32, batchSize+64), 0
	for w := chunk.begin / 64; 64*w < chunk.end; w++ {
		first, rest := int32(64*w), s[w]
		for at := n; ; at += 4 {
			four := batch[at : at+4 : at+4]
			for j := range four {
				four[j] = first + int32(bits.TrailingZeros64(rest))
				rest &= rest - 1
			}
			if rest == 0 {
				break
			}
		}
		if n += bits.OnesCount64(s[w]); n >= batchSize-4 {
			fn(batch[:n])
			n = 0
		}
	}
	fn(batch[:n])
}
