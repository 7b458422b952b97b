package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// parseVariables reads the list of variables in the metadata.
func parseVariables(text string) ([]variable, error) {
	var variables []variable
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&variables); err != nil {
		return nil, fmt.Errorf("the list of variables: %w", err)
	}
	seen := map[string]bool{}
	for _, v := range variables {
		if v.Path == "" || v.Path[0] != '/' || seen[v.Path] {
			return nil, fmt.Errorf("the list of variables: %q is not a path, or comes twice", v.Path)
		}
		seen[v.Path] = true
	}
	return variables, nil
}

// unpack returns the value of a variable.
func unpack(file *safetensors.File, v variable) (*tensors.Tensor, error) {
	value, err := unpackValue(file, v)
	if err != nil {
		return nil, fmt.Errorf("variable %q: %w", v.Path, err)
	}
	return value, nil
}

func unpackValue(file *safetensors.File, v variable) (*tensors.Tensor, error) {
	size, err := safetensors.Info{DType: v.DType, Shape: v.Shape}.Size()
	if err != nil {
		return nil, err
	}
	dtype, err := v.DType.GoMLX()
	if err != nil {
		return nil, err
	}
	elements := int(size) / v.DType.Size()
	stored, found := file.Lookup(v.Path)
	if !found {
		return nil, errors.New("the file has no such tensor")
	}
	narrowed := stored.DType == safetensors.Uint8 || stored.DType == safetensors.Uint16
	integer := v.DType == safetensors.Int32 || v.DType == safetensors.Int64
	if v.Packing != bitsOf && stored.DType != v.DType && !(narrowed && integer) {
		return nil, fmt.Errorf("%s cannot be stored as %s", v.DType, stored.DType)
	}
	data, err := file.Read(v.Path)
	if err != nil {
		return nil, err
	}
	fill, err := unpacking(file, v, stored.DType, data, elements)
	if err != nil {
		return nil, err
	}
	value := tensors.FromShape(shapes.Make(dtype, v.Shape...))
	if elements == 0 {
		return value, nil
	}
	return value, value.MutableBytes(fill)
}

// unpacking returns what writes a variable's data, stored as of the given type, to the memory of a tensor.
func unpacking(file *safetensors.File, v variable, as safetensors.DType, data []byte, elements int) (fill func(into []byte), err error) {
	width, storedWidth := v.DType.Size(), as.Size()
	switch v.Packing {
	case dense:
		if len(data) != elements*storedWidth {
			return nil, fmt.Errorf("the shape %v does not fit %d bytes of %s", v.Shape, len(data), as)
		}
		return func(into []byte) { widen(into, data, width, storedWidth) }, nil
	case bitsOf:
		set, ok := bitset.OfBytes(data, elements)
		if !ok || v.DType != safetensors.Bool || as != safetensors.Uint8 {
			return nil, fmt.Errorf("%d bytes of %s are not the bits of %d elements of %s", len(data), as, elements, v.DType)
		}
		ones := bytes.Repeat([]byte{1}, set.Count())
		return func(into []byte) { put(set, into, ones, 1) }, nil
	case values:
		at, err := file.Read(v.At)
		if err != nil {
			return nil, err
		}
		set, ok := bitset.OfBytes(at, elements)
		if !ok || set.Count()*storedWidth != len(data) {
			return nil, fmt.Errorf("%q does not say where %d bytes of values belong among %d elements", v.At, len(data), elements)
		}
		return func(into []byte) {
			wide := make([]byte, set.Count()*width)
			widen(wide, data, width, storedWidth)
			put(set, into, wide, width)
		}, nil
	default:
		return nil, fmt.Errorf("unknown packing %q", v.Packing)
	}
}
