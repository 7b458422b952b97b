package safetensors

import (
	"fmt"
	"math"
)

// Info describes a tensor. An empty shape is that of a scalar.
type Info struct {
	Name  string
	DType DType
	Shape []int

	// Begin and End are where its bytes are, counted from the end of the header. [Write] sets them, whatever they were.
	Begin, End int64
}

// Size returns how many bytes a tensor of the dtype and shape takes, or says what is wrong with them.
func (i Info) Size() (int64, error) {
	width := i.DType.Size()
	if width == 0 {
		return 0, unknownDType(i.DType)
	}
	size := int64(width)
	for _, dim := range i.Shape {
		if dim < 0 {
			return 0, fmt.Errorf("the shape %v has a negative dimension", i.Shape)
		}
		if dim > 0 && size > math.MaxInt64/int64(dim) {
			return 0, fmt.Errorf("the shape %v of %s takes more bytes than there can be", i.Shape, i.DType)
		}
		size *= int64(dim)
	}
	return size, nil
}
