package dstee

import (
	bytewise "encoding/binary" // The name binary is taken.
	"fmt"
	"sync/atomic"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	sets "github.com/sparsekernel/sparsekernel/internal/bitset"
)

// apply implements selector. Of weights and visits it writes only what changes, and all where it lies.
func (h hostSelector) apply(l *moving, mask, visits *model.Variable, masked []*model.Variable) (entered, explored int, err error) {
	before, after := l.weights(l.was.bits), l.weights(l.mask.bits)
	left := before.without(after)
	if err := h.change(mask, func(flat any) { after.fill(flat.([]bool)) }); err != nil {
		return 0, 0, err
	}
	if err := h.change(visits, func(flat any) { explored = countVisits(flat.([]int32), after) }); err != nil {
		return 0, 0, err
	}
	for _, v := range masked {
		if err := h.change(v, func(flat any) { clearAt(flat, left) }); err != nil {
			return 0, 0, err
		}
	}
	return after.count() - before.count() + left.count(), explored, nil
}

// clearAt sets the numbers, flat, whose indices are in the set to zero.
func clearAt(flat any, set bitset) {
	switch numbers := flat.(type) {
	case []float32:
		clearNumbersAt(numbers, set)
	case []float64:
		clearNumbersAt(numbers, set)
	case []bfloat16.BFloat16:
		clearNumbersAt(numbers, set)
	case []float16.Float16:
		clearNumbersAt(numbers, set)
	}
}

func clearNumbersAt[T any](numbers []T, set bitset) {
	set.each(func(indices []int32) {
		var zero T
		for _, i := range indices {
			numbers[i] = zero
		}
	})
}

// countVisits counts a visit of each entry in the set, and returns how many of them are the first.
func countVisits(visits []int32, set bitset) int {
	var total atomic.Int64
	set.each(func(indices []int32) {
		first := 0
		for _, i := range indices {
			first += int(sets.Bit(visits[i] == 0))
			visits[i]++
		}
		total.Add(int64(first))
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
	exponent, ok := exponents[t.DType()]
	if !ok {
		return false, fmt.Errorf("dstee: cannot tell whether numbers of dtype %s are finite", t.DType())
	}
	var found atomic.Bool
	err := t.ConstBytes(func(data []byte) {
		inParallelChunks((len(data)+7)/8, func(begin, end int) {
			if exponent.anyFull(data[8*begin : min(8*end, len(data))]) {
				found.Store(true)
			}
		})
	})
	return !found.Load(), err
}

// exponent says where a float dtype has its exponent, in as many numbers as 8 bytes hold: all of its bits are set if a number
// is not finite, and then one in the place of the lowest carries to that of the sign.
type exponent struct{ mask, lowest, sign uint64 }

var exponents = map[dtypes.DType]exponent{
	dtypes.Float64:  {0x7FF0000000000000, 0x0010000000000000, 0x8000000000000000},
	dtypes.Float32:  {0x7F8000007F800000, 0x0080000000800000, 0x8000000080000000},
	dtypes.BFloat16: {0x7F807F807F807F80, 0x0080008000800080, 0x8000800080008000},
	dtypes.Float16:  {0x7C007C007C007C00, 0x0400040004000400, 0x8000800080008000},
}

// anyFull tells whether any number in data, little-endian, has all bits of its exponent set.
func (e exponent) anyFull(data []byte) bool {
	var carried uint64
	for ; len(data) >= 8; data = data[8:] {
		carried |= bytewise.LittleEndian.Uint64(data)&e.mask + e.lowest
	}
	var rest [8]byte
	copy(rest[:], data)
	carried |= bytewise.LittleEndian.Uint64(rest[:])&e.mask + e.lowest
	return carried&e.sign != 0
}
