// Package bitset has sets of the elements of a tensor, such as masks, by one bit for each, as files hold them.
package bitset

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// Set tells of each element of a tensor, in row-major order, whether it is in the set: element i is bit i%64 of word i/64.
// Bits beyond the last element are 0. Sets that are combined are of as many elements.
type Set []uint64

// New returns the empty set of n elements.
func New(n int) Set { return make(Set, (n+63)/64) }

// OfBools returns the set of the entries that are true.
func OfBools(entries []bool) Set {
	s := New(len(entries))
	for w := range s {
		var word uint64
		for i, in := range entries[64*w : min(64*w+64, len(entries))] {
			word |= Bit(in) << i
		}
		s[w] = word
	}
	return s
}

// Bit is 1 for true. It compiles to no branch, which a CPU could not predict on masks.
func Bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Bools is the inverse of [OfBools]: it tells of each of n elements whether it is in the set.
func (s Set) Bools(n int) []bool {
	entries := make([]bool, n)
	for i := range entries {
		entries[i] = s.Has(i)
	}
	return entries
}

// Has tells whether element i is in the set.
func (s Set) Has(i int) bool { return s[i>>6]>>(i&63)&1 == 1 }

// Count is the number of elements in the set.
func (s Set) Count() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// All yields the elements in the set, rising.
func (s Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for w, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(64*w + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// Within tells whether all elements of the set are in the other, too.
func (s Set) Within(other Set) bool {
	for w, word := range s {
		if word&^other[w] != 0 {
			return false
		}
	}
	return true
}

// Xor returns the elements that are in one of two sets.
func (s Set) Xor(other Set) Set {
	return s.combine(other, func(x, y uint64) uint64 { return x ^ y })
}

// And returns the elements that are in both sets.
func (s Set) And(other Set) Set {
	return s.combine(other, func(x, y uint64) uint64 { return x & y })
}

// Or returns the elements that are in either set.
func (s Set) Or(other Set) Set {
	return s.combine(other, func(x, y uint64) uint64 { return x | y })
}

// AndNot returns the elements that are in the set and not in the other.
func (s Set) AndNot(other Set) Set {
	return s.combine(other, func(x, y uint64) uint64 { return x &^ y })
}

func (s Set) combine(other Set, op func(x, y uint64) uint64) Set {
	result := make(Set, len(s))
	for w := range s {
		result[w] = op(s[w], other[w])
	}
	return result
}

// Not returns those of n elements that are not in the set.
func (s Set) Not(n int) Set {
	result := make(Set, len(s))
	for w := range s {
		result[w] = ^s[w]
	}
	if n%64 != 0 {
		result[len(s)-1] &= 1<<(n%64) - 1
	}
	return result
}

// Bytes returns a set of n elements in (n+7)/8 bytes: element i is bit i%8, from the lowest, of byte i/8.
func (s Set) Bytes(n int) []byte {
	data := make([]byte, 0, 8*len(s))
	for _, word := range s {
		data = binary.LittleEndian.AppendUint64(data, word)
	}
	return data[:(n+7)/8]
}

// OfBytes is the inverse of [Set.Bytes]. ok is false if data does not have the length for n elements, or has others.
func OfBytes(data []byte, n int) (s Set, ok bool) {
	if len(data) != (n+7)/8 || n%8 != 0 && data[len(data)-1]>>(n%8) != 0 {
		return nil, false
	}
	s = New(n)
	padded := make([]byte, 8*len(s))
	copy(padded, data)
	for w := range s {
		s[w] = binary.LittleEndian.Uint64(padded[8*w:])
	}
	return s, true
}
