package checkpoint

import (
	"encoding/binary"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// nonZero returns the elements of data, of the given width in bytes, that have a bit set: all but +0.
func nonZero(data []byte, width int) bitset.Set {
	set := bitset.New(len(data) / width)
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

// pick returns the elements of data, of the given width, that are in the set, one after the other.
func pick(s bitset.Set, data []byte, width int) []byte {
	picked := make([]byte, 0, width*s.Count())
	for i := range s.All() {
		picked = append(picked, data[i*width:(i+1)*width]...)
	}
	return picked
}

// put is the inverse of pick: it writes picked to the elements of data that are in the set.
func put(s bitset.Set, data, picked []byte, width int) {
	for i := range s.All() {
		copy(data[i*width:(i+1)*width], picked)
		picked = picked[width:]
	}
}
