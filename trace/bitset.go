package trace

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// bitset is a mask of one bit per weight: weight i is bit i%64 of word i/64. Bits beyond the last weight are 0.
type bitset []uint64

// newBitset returns a bitset of n bits, all 0.
func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// pack returns the mask as a bitset.
func pack(mask []bool) bitset {
	packed := newBitset(len(mask))
	for w := range packed {
		part := mask[64*w:]
		if len(part) >= 64 {
			part = part[:64]
		}
		var word uint64
		for i, active := range part {
			word |= bit(active) << i
		}
		packed[w] = word
	}
	return packed
}

// bit is 1 for true. It compiles to no branch, which makes packing fast whatever the mask is.
func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// unpack returns the first n bits as a mask.
func (b bitset) unpack(n int) []bool {
	mask := make([]bool, n)
	for i := range mask {
		mask[i] = b.has(i)
	}
	return mask
}

// has tells whether bit i is 1.
func (b bitset) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

// count is the number of bits that are 1.
func (b bitset) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// ones yields the indices of the bits that are 1.
func (b bitset) ones() iter.Seq[int] {
	return func(yield func(int) bool) {
		for w, word := range b {
			for ; word != 0; word &= word - 1 {
				if !yield(64*w + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// xor, and, or, and andNot return the bitwise combination of two bitsets of the same length.
func (b bitset) xor(other bitset) bitset {
	return b.combine(other, func(x, y uint64) uint64 { return x ^ y })
}
func (b bitset) and(other bitset) bitset {
	return b.combine(other, func(x, y uint64) uint64 { return x & y })
}
func (b bitset) or(other bitset) bitset {
	return b.combine(other, func(x, y uint64) uint64 { return x | y })
}
func (b bitset) andNot(other bitset) bitset {
	return b.combine(other, func(x, y uint64) uint64 { return x &^ y })
}

func (b bitset) combine(other bitset, op func(x, y uint64) uint64) bitset {
	result := make(bitset, len(b))
	for i := range b {
		result[i] = op(b[i], other[i])
	}
	return result
}

// not returns the complement within the first n bits.
func (b bitset) not(n int) bitset {
	result := make(bitset, len(b))
	for i := range b {
		result[i] = ^b[i]
	}
	if n%64 != 0 {
		result[len(b)-1] &= 1<<(n%64) - 1
	}
	return result
}

// bytes returns the first n bits as bytes: bit i is bit i%8 of byte i/8.
func (b bitset) bytes(n int) []byte {
	out := make([]byte, 0, 8*len(b))
	for _, word := range b {
		out = binary.LittleEndian.AppendUint64(out, word)
	}
	return out[:(n+7)/8]
}

// bitsetOf is the inverse of bytes. It returns false if data does not hold n bits, with those after them 0.
func bitsetOf(data []byte, n int) (bitset, bool) {
	if len(data) != (n+7)/8 || n%8 != 0 && data[len(data)-1]>>(n%8) != 0 {
		return nil, false
	}
	padded := make([]byte, 8*((n+63)/64))
	copy(padded, data)
	b := newBitset(n)
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(padded[8*i:])
	}
	return b, true
}
