package safetensors

import (
	"fmt"
	"io"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// OfTensor returns a GoMLX tensor to write, under the given name. Its values are read when it is written, without a copy
// where the backend shares its memory.
func OfTensor(name string, t *tensors.Tensor) (Tensor, error) {
	dtype, err := FromGoMLX(t.DType())
	if err != nil {
		return Tensor{}, fmt.Errorf("safetensors: tensor %q: %w", name, err)
	}
	write := func(w io.Writer) error {
		if t.Size() == 0 {
			return nil
		}
		var inner error
		if err := t.ConstBytes(func(data []byte) { _, inner = w.Write(data) }); err != nil {
			return err
		}
		return inner
	}
	return Tensor{Info: Info{Name: name, DType: dtype, Shape: t.Shape().Dimensions}, WriteData: write}, nil
}

// Tensor returns a tensor of the file as a GoMLX tensor, in the host's memory.
func (f *File) Tensor(name string) (*tensors.Tensor, error) {
	reader, err := f.Reader(name)
	if err != nil {
		return nil, err
	}
	info, _ := f.Lookup(name)
	dtype, err := info.DType.GoMLX()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: tensor %q: %w", f.name, name, err)
	}
	t := tensors.FromShape(shapes.Make(dtype, info.Shape...))
	if t.Size() == 0 {
		return t, nil
	}
	var inner error
	if err := t.MutableBytes(func(data []byte) {
		if _, inner = io.ReadFull(reader, data); inner == nil && dtype == dtypes.Bool {
			inner = checkBools(data)
		}
	}); err != nil {
		return nil, fmt.Errorf("safetensors: %s: tensor %q: %w", f.name, name, err)
	}
	if inner != nil {
		return nil, fmt.Errorf("safetensors: %s: reading tensor %q: %w", f.name, name, inner)
	}
	return t, nil
}

// checkBools refuses bytes that are no Go bool, and sets them to 0: what a program does with such a bool is undefined.
func checkBools(data []byte) (err error) {
	for i, b := range data {
		if b > 1 {
			data[i] = 0
			if err == nil {
				err = fmt.Errorf("a BOOL is 0 or 1, byte %d is %d", i, b)
			}
		}
	}
	return err
}
