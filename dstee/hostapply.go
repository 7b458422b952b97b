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

// enter implements selector. It writes to the tensors in place: nothing but what changes is copied, and with memory that the
// backend shares, nothing is sent to it.
func (h hostSelector) enter(l *moving, mask, visits *model.Variable) (entered, explored int, err error) {
	weights := l.weights(l.mask.bits)
	entered = weights.countBeyond(l.weights(l.was.bits))
	if err := h.share(mask); err != nil {
		return 0, 0, err
	}
	if err := h.share(visits); err != nil {
		return 0, 0, err
	}
	if err := tensors.MutableFlatData(mask.MustValue(), weights.fill); err != nil {
		return 0, 0, err
	}
	err = tensors.MutableFlatData(visits.MustValue(), func(visits []int32) { explored = countVisits(visits, weights) })
	return entered, explored, err
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

// share moves the variable's value to memory that the backend shares, if it shares any.
func (h hostSelector) share(v *model.Variable) error {
	value, err := v.Value()
	if err != nil || value.IsShared() || !h.backend.HasSharedBuffers() {
		return err
	}
	shared, err := tensors.FromShapeForBackend(h.backend, 0, value.Shape())
	if err != nil {
		return err
	}
	if err := shared.CopyFrom(value); err != nil {
		return err
	}
	return v.SetValue(shared)
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
