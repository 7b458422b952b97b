package dstee

import (
	bytewise "encoding/binary" // The name binary is taken.
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// apply implements selector. It writes only what changes, where the values are.
func (h hostSelector) apply(l *moving, mask, visits *model.Variable, masked []*model.Variable) (entered, explored int, err error) {
	was, is := l.weights(l.was.bits), l.weights(l.mask.bits)
	left, joined := was.without(is), is.without(was)
	err = h.change(mask, func(flat any) {
		mask := flat.([]bool)
		left.each(func(i int) { mask[i] = false })
		joined.each(func(i int) { mask[i] = true })
	})
	if err != nil {
		return 0, 0, err
	}
	if err := h.change(visits, func(flat any) { explored = countVisits(flat.([]int32), is) }); err != nil {
		return 0, 0, err
	}
	for _, v := range masked {
		err := h.change(v, func(flat any) {
			data, width := dtypes.UnsafeByteSliceFromAny(flat), v.DType().Size()
			left.each(func(i int) { clear(data[width*i : width*(i+1)]) })
		})
		if err != nil {
			return 0, 0, err
		}
	}
	return joined.count(), explored, nil
}

// countVisits counts a visit of each entry in the set, and returns how many of them are the first.
func countVisits(visits []int32, set bitset) (first int) {
	var total atomic.Int64
	inParallelChunks(len(visits), func(begin, end int) {
		n := 0
		for w := begin / 64; 64*w < end; w++ {
			for word := set[w]; word != 0; word &= word - 1 {
				i := 64*w + bits.TrailingZeros64(word)
				if visits[i] == 0 {
					n++
				}
				visits[i]++
			}
		}
		total.Add(int64(n))
	})
	return int(total.Load())
}

// change lends fn the variable's values, flat, to change them: in the memory of a backend that shares it, else in a copy that
// is sent back when it is next needed.
func (h hostSelector) change(v *model.Variable, fn func(flat any)) error {
	value, err := v.Value()
	if err != nil {
		return err
	}
	if h.backend.HasSharedBuffers() {
		err = h.changeShared(value, fn)
	} else {
		err = value.MutableFlatData(fn)
	}
	if err != nil {
		return err
	}
	return v.SetValuePreservingOld(value) // Forgets copies on other devices.
}

// changeShared is tensors.MutableFlatData that does not copy what was computed by the backend.
func (h hostSelector) changeShared(value *tensors.Tensor, fn func(flat any)) error {
	if err := value.ToDevice(h.backend, 0); err != nil {
		return err
	}
	buffer, err := value.Buffer(h.backend, 0)
	if err != nil {
		return err
	}
	flat, err := buffer.Data()
	if err != nil {
		return err
	}
	fn(flat)
	return nil
}

// finite implements selector.
func (hostSelector) finite(t *tensors.Tensor) (bool, error) {
	exponent, width := exponentMask(t.DType())
	if width == 0 {
		return false, fmt.Errorf("dstee: cannot tell whether numbers of dtype %s are finite", t.DType())
	}
	var found atomic.Bool
	err := t.ConstBytes(func(data []byte) {
		inParallelChunks(len(data)/width, func(begin, end int) {
			if !found.Load() && anyWith(data[begin*width:end*width], width, exponent) {
				found.Store(true)
			}
		})
	})
	return !found.Load(), err
}

// exponentMask returns the bits of the exponent of a float dtype, all of which are set if a number is not finite, and how many
// bytes a number has; 0 if the dtype is unknown.
func exponentMask(dtype dtypes.DType) (mask uint64, width int) {
	switch dtype {
	case dtypes.Float64:
		return 0x7FF << 52, 8
	case dtypes.Float32:
		return infinityBits, 4
	case dtypes.BFloat16:
		return 0x7F80, 2
	case dtypes.Float16:
		return 0x7C00, 2
	}
	return 0, 0
}

// anyWith tells whether any number of the given width has all bits of the mask set.
func anyWith(data []byte, width int, mask uint64) bool {
	switch width {
	case 8:
		for ; len(data) >= 8; data = data[8:] {
			if bytewise.LittleEndian.Uint64(data)&mask == mask {
				return true
			}
		}
	case 4:
		for ; len(data) >= 4; data = data[4:] {
			if bytewise.LittleEndian.Uint32(data)&uint32(mask) == uint32(mask) {
				return true
			}
		}
	case 2:
		for ; len(data) >= 2; data = data[2:] {
			if bytewise.LittleEndian.Uint16(data)&uint16(mask) == uint16(mask) {
				return true
			}
		}
	}
	return false
}
