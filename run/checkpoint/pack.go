package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// The ways in which a variable is packed.
const (
	dense  = "dense"
	bitsOf = "bits"
	values = "values"
)

// variable says how a variable of the store is packed.
type variable struct {
	Path      string            `json:"path"`
	DType     safetensors.DType `json:"dtype"` // In the store; integers may be narrower in the file.
	Shape     []int             `json:"shape"`
	Trainable bool              `json:"trainable"`
	Packing   string            `json:"packing"`
	At        string            `json:"at,omitempty"` // The tensor of bits that says where the values are.
}

// mask is a boolean variable of the store: a set of elements that other variables of its shape may be packed by.
type mask struct {
	path  string
	shape []int
	set   bitset.Set
	count int
}

// packer turns variables into tensors of a file.
type packer struct {
	masks     []mask
	variables []variable
	tensors   []safetensors.Tensor
}

// pack packs the variables. It copies their values.
func pack(variables []*model.Variable) (*packer, error) {
	p := &packer{}
	for _, v := range variables {
		if v.DType() == dtypes.Bool {
			if err := p.addMask(v); err != nil {
				return nil, fmt.Errorf("variable %q: %w", v.Path(), err)
			}
		}
	}
	for _, v := range variables {
		if err := p.add(v); err != nil {
			return nil, fmt.Errorf("variable %q: %w", v.Path(), err)
		}
	}
	return p, nil
}

// addMask takes note of a boolean variable.
func (p *packer) addMask(v *model.Variable) error {
	value, err := v.Value()
	if err != nil {
		return err
	}
	return withBytes(value, func(data []byte) error {
		set := nonZero(data, 1)
		p.masks = append(p.masks, mask{path: v.Path(), shape: v.Shape().Dimensions, set: set, count: set.Count()})
		return nil
	})
}

// add packs a variable.
func (p *packer) add(v *model.Variable) error {
	value, err := v.Value()
	if err != nil {
		return err
	}
	dtype, err := safetensors.FromGoMLX(v.DType())
	if err != nil {
		return err
	}
	shape := append([]int{}, v.Shape().Dimensions...) // That of a scalar is empty, not null, in the file.
	packed := variable{Path: v.Path(), DType: dtype, Shape: shape, Trainable: v.Trainable}
	if dtype == safetensors.Bool {
		i := slices.IndexFunc(p.masks, func(m mask) bool { return m.path == v.Path() })
		packed.Packing = bitsOf
		p.addBits(v.Path(), p.masks[i].set, value.Size())
		p.variables = append(p.variables, packed)
		return nil
	}
	return withBytes(value, func(data []byte) error {
		stored, data := narrow(dtype, data)
		width, size := stored.Size(), value.Size()
		set := nonZero(data, width)
		own, count := true, set.Count()
		for _, m := range p.masks {
			if slices.Equal(m.shape, packed.Shape) && m.count*width <= count*width+size/8 && set.Within(m.set) {
				own, set, count, packed.At = false, m.set, m.count, m.path
				break
			}
		}
		cost := count * width
		if own {
			cost += size / 8
		}
		switch {
		case cost >= len(data):
			packed.Packing, packed.At = dense, ""
			p.tensors = append(p.tensors, safetensors.Bytes(v.Path(), stored, packed.Shape, bytes.Clone(data)))
		default:
			packed.Packing = values
			if own {
				packed.At = v.Path() + "#nonzero"
				p.addBits(packed.At, set, size)
			}
			p.tensors = append(p.tensors, safetensors.Bytes(v.Path(), stored, []int{count}, pick(set, data, width)))
		}
		p.variables = append(p.variables, packed)
		return nil
	})
}

// addBits adds a tensor of bits.
func (p *packer) addBits(name string, set bitset.Set, elements int) {
	data := set.Bytes(elements)
	p.tensors = append(p.tensors, safetensors.Bytes(name, safetensors.Uint8, []int{len(data)}, data))
}

// narrow returns integers of 4 and 8 bytes in the fewest bytes that hold them all, unsigned; all else as it is.
func narrow(dtype safetensors.DType, data []byte) (stored safetensors.DType, narrowed []byte) {
	width := dtype.Size()
	if (dtype != safetensors.Int32 && dtype != safetensors.Int64) || len(data) == width {
		return dtype, data // A scalar is not worth it.
	}
	highest := uint64(0)
	for i := 0; i < len(data); i += width {
		highest = max(highest, integer(data[i:], width))
	}
	switch {
	case highest <= math.MaxUint8:
		narrowed = make([]byte, len(data)/width)
		for i := range narrowed {
			narrowed[i] = data[i*width]
		}
		return safetensors.Uint8, narrowed
	case highest <= math.MaxUint16:
		narrowed = make([]byte, 2*(len(data)/width))
		for i := 0; i < len(narrowed); i += 2 {
			copy(narrowed[i:i+2], data[i/2*width:])
		}
		return safetensors.Uint16, narrowed
	}
	return dtype, data
}

// widen is the inverse of narrow: it writes integers of the stored width to data, as integers of the given width.
func widen(data, stored []byte, width, storedWidth int) {
	for i := 0; i < len(stored)/storedWidth; i++ {
		copy(data[i*width:], stored[i*storedWidth:(i+1)*storedWidth])
	}
}

// integer returns an integer of 4 or 8 bytes; one below 0 is above all others.
func integer(data []byte, width int) uint64 {
	if width == 4 {
		return uint64(binary.LittleEndian.Uint32(data))
	}
	return binary.LittleEndian.Uint64(data)
}

// withBytes lends fn the values of a tensor.
func withBytes(t *tensors.Tensor, fn func(data []byte) error) error {
	if t.Size() == 0 {
		return fn(nil)
	}
	var inner error
	if err := t.ConstBytes(func(data []byte) { inner = fn(data) }); err != nil {
		return err
	}
	return inner
}
