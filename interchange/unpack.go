package interchange

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
)

// unpacker reads a weight in sparse form.
type unpacker struct {
	file *safetensors.File
	path string
	dims []int
	size int             // The product of dims.
	used map[string]bool // The names of the tensors read.
}

// unpack returns the variables of the weight, its mask and visits, by path.
func (u *unpacker) unpack() (map[string]*tensors.Tensor, error) {
	indices, err := u.indices(gapsSuffix, u.size)
	if err != nil {
		return nil, err
	}
	weight, err := u.weight(indices)
	if err != nil {
		return nil, err
	}
	mask := make([]bool, u.size)
	for _, i := range indices {
		mask[i] = true
	}
	values := map[string]*tensors.Tensor{
		u.path:                            weight,
		dstee.Scope + u.path + maskSuffix: tensors.FromFlatDataAndDimensions(mask, u.dims...),
	}
	if _, found := u.file.Lookup(u.path + packedVisits); !found {
		return values, nil
	}
	visits := make([]int32, u.size)
	if err := u.visits(packedVisits, indices, visits); err != nil {
		return nil, err
	}
	places, err := u.indices(pastGapsSuffix, u.size-len(indices))
	if err != nil {
		return nil, err
	}
	if err := u.visits(pastVisitsSuffix, amongInactive(places, mask), visits); err != nil {
		return nil, err
	}
	values[dstee.Scope+u.path+visitsSuffix] = tensors.FromFlatDataAndDimensions(visits, u.dims...)
	return values, nil
}

// amongInactive replaces ascending places among the inactive weights by flat indices.
func amongInactive(places []uint64, mask []bool) []uint64 {
	at, place := 0, uint64(0)
	for i := 0; at < len(places); i++ {
		if mask[i] {
			continue
		}
		if places[at] == place {
			places[at] = uint64(i)
			at++
		}
		place++
	}
	return places
}

// indices reads ascending indices below size from their gaps.
func (u *unpacker) indices(suffix string, size int) ([]uint64, error) {
	gaps, err := u.numbers(suffix, size)
	if err == nil {
		gaps, err = fromGaps(gaps, size)
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", u.path+suffix, err)
	}
	return gaps, nil
}

// visits sets the visits at the given indices.
func (u *unpacker) visits(suffix string, indices []uint64, visits []int32) error {
	counts, err := u.numbers(suffix, len(indices))
	if err == nil && len(counts) != len(indices) {
		err = fmt.Errorf("there are %d numbers for %d weights", len(counts), len(indices))
	}
	if err != nil {
		return fmt.Errorf("%q: %w", u.path+suffix, err)
	}
	for at, i := range indices {
		if counts[at] < 1 || counts[at] > math.MaxInt32 {
			return fmt.Errorf("%q: the visits at flat index %d must be in [1, %d], they are %d", u.path+suffix, i, math.MaxInt32, counts[at])
		}
		visits[i] = int32(counts[at])
	}
	return nil
}

// weight returns the weight, zero but at the given indices.
func (u *unpacker) weight(indices []uint64) (*tensors.Tensor, error) {
	name := u.path + valuesSuffix
	info, _ := u.file.Lookup(name)
	data, err := u.vector(name, info.DType)
	if err != nil {
		return nil, err
	}
	dtype, err := info.DType.GoMLX()
	if err != nil {
		return nil, err
	}
	if !dtype.IsFloat() {
		return nil, fmt.Errorf("sparse weights are floats, %q is %s", name, info.DType)
	}
	if info.Shape[0] != len(indices) {
		return nil, fmt.Errorf("%q has %d values, but %d weights are active", name, info.Shape[0], len(indices))
	}
	width := uint64(dtype.Size())
	weight := tensors.FromShape(shapes.Make(dtype, u.dims...))
	return weight, weight.MutableBytes(func(weights []byte) {
		for _, i := range indices {
			copy(weights[i*width:(i+1)*width], data)
			data = data[width:]
		}
	})
}

// numbers reads packed numbers.
func (u *unpacker) numbers(suffix string, most int) ([]uint64, error) {
	packed, err := u.vector(u.path+suffix, safetensors.Uint8)
	if err != nil {
		return nil, err
	}
	return unpackNumbers(packed, most)
}

// vector returns the bytes of a tensor that must be of the dtype and of rank 1.
func (u *unpacker) vector(name string, dtype safetensors.DType) ([]byte, error) {
	if info, found := u.file.Lookup(name); found && (info.DType != dtype || len(info.Shape) != 1) {
		return nil, fmt.Errorf("%q must be %s of rank 1, it is %s of shape %v", name, dtype, info.DType, info.Shape)
	}
	u.used[name] = true
	return u.file.Read(name)
}
