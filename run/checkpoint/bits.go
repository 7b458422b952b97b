package checkpoint

import (
	"encoding/binary"
	"math/bits"
)

// bitSet tells of each element of a tensor, in row-major order, whether it is in the set: element i is bit i%64 of word
// i/64. As little-endian bytes it is element i at bit i%8 of byte i/8.
type bitSet []uint64

func newBitSet(elements int) bitSet { return make(bitSet, (elements+63)/64) }

// nonZero returns the elements of data, of the given width in bytes, that have a bit set: all but +0.
func nonZero(data []byte, width int) bitSet {
	set := newBitSet(len(data) / width)
	each := func(isSet func(i int) bool) {
		for w := range set {
			var word uint64
			for b, end := 0, min(64, len(data)/width-64*w); b < end; b++ {
				if isSet(64*w + b) {
					word |= 1 << b
				}
			}
			set[w] = word
		}
	}
	switch width {
	case 1:
		each(func(i int) bool { return data[i] != 0 })
	case 2:
		each(func(i int) bool { return binary.LittleEndian.Uint16(data[2*i:]) != 0 })
	case 4:
		each(func(i int) bool { return binary.LittleEndian.Uint32(data[4*i:]) != 0 })
	default:
		each(func(i int) bool {
			for _, b := range data[i*width : (i+1)*width] {
				if b != 0 {
					return true
				}
			}
			return false
		})
	}
	return set
}

// count is the number of elements in the set.
func (s bitSet) count() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// within tells whether all elements of the set are in other, which is as long.
func (s bitSet) within(other bitSet) bool {
	for i, word := range s {
		if word&^other[i] != 0 {
			return false
		}
	}
	return true
}

// pick returns the elements of data, of the given width, that are in the set, one after the other.
func (s bitSet) pick(data []byte, width int) []byte {
	picked := make([]byte, 0, width*s.count())
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			at := (64*w + bits.TrailingZeros64(word)) * width
			picked = append(picked, data[at:at+width]...)
		}
	}
	return picked
}

// put is the inverse of pick: it writes picked to the elements of data that are in the set.
func (s bitSet) put(data, picked []byte, width int) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			at := (64*w + bits.TrailingZeros64(word)) * width
			copy(data[at:at+width], picked)
			picked = picked[width:]
		}
	}
}

// bytes returns the set in (elements+7)/8 bytes.
func (s bitSet) bytes(elements int) []byte {
	data := make([]byte, 8*len(s))
	for i, word := range s {
		binary.LittleEndian.PutUint64(data[8*i:], word)
	}
	return data[:(elements+7)/8]
}

// bitSetOf is the inverse of bytes. ok is false if data has not the length for that many elements, or has others.
func bitSetOf(data []byte, elements int) (set bitSet, ok bool) {
	if len(data) != (elements+7)/8 {
		return nil, false
	}
	if rest := elements % 8; rest != 0 && data[len(data)-1]>>rest != 0 {
		return nil, false
	}
	set = newBitSet(elements)
	padded := append(append(make([]byte, 0, 8*len(set)), data...), make([]byte, 8*len(set)-len(data))...)
	for i := range set {
		set[i] = binary.LittleEndian.Uint64(padded[8*i:])
	}
	return set, true
}
