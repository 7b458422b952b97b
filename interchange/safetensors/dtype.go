package safetensors

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
)

// DType names the type of a tensor's values as the format does: "F32", "BOOL".
type DType string

// The types of values that this package knows: those of one byte or more, as the format names them.
const (
	Bool       DType = "BOOL" // One byte, 0 or 1.
	Int8       DType = "I8"
	Int16      DType = "I16"
	Int32      DType = "I32"
	Int64      DType = "I64"
	Uint8      DType = "U8"
	Uint16     DType = "U16"
	Uint32     DType = "U32"
	Uint64     DType = "U64"
	Float8E5M2 DType = "F8_E5M2"
	Float8E4M3 DType = "F8_E4M3"
	Float16    DType = "F16"
	BFloat16   DType = "BF16"
	Float32    DType = "F32"
	Float64    DType = "F64"
	Complex64  DType = "C64"
)

// known lists the types with their counterparts in GoMLX and the bytes a value takes. GoMLX's tensors do not hold floats
// of 8 bits on the host (compute v0.1.2).
var known = []struct {
	dtype DType
	gomlx dtypes.DType
	size  int
}{
	{Bool, dtypes.Bool, 1},
	{Int8, dtypes.Int8, 1},
	{Int16, dtypes.Int16, 2},
	{Int32, dtypes.Int32, 4},
	{Int64, dtypes.Int64, 8},
	{Uint8, dtypes.Uint8, 1},
	{Uint16, dtypes.Uint16, 2},
	{Uint32, dtypes.Uint32, 4},
	{Uint64, dtypes.Uint64, 8},
	{Float8E5M2, dtypes.InvalidDType, 1},
	{Float8E4M3, dtypes.InvalidDType, 1},
	{Float16, dtypes.Float16, 2},
	{BFloat16, dtypes.BFloat16, 2},
	{Float32, dtypes.Float32, 4},
	{Float64, dtypes.Float64, 8},
	{Complex64, dtypes.Complex64, 8},
}

// Size returns how many bytes a value takes, 0 if the type is unknown.
func (d DType) Size() int {
	for _, k := range known {
		if k.dtype == d {
			return k.size
		}
	}
	return 0
}

// GoMLX returns the GoMLX dtype of the same values.
func (d DType) GoMLX() (dtypes.DType, error) {
	for _, k := range known {
		if k.dtype == d && k.gomlx != dtypes.InvalidDType {
			return k.gomlx, nil
		}
	}
	if d.Size() > 0 {
		return dtypes.InvalidDType, fmt.Errorf("GoMLX has no tensors of %s", d)
	}
	return dtypes.InvalidDType, unknownDType(d)
}

// FromGoMLX returns the type that holds the values of a GoMLX dtype.
func FromGoMLX(dtype dtypes.DType) (DType, error) {
	for _, k := range known {
		if k.gomlx == dtype && dtype != dtypes.InvalidDType {
			return k.dtype, nil
		}
	}
	return "", fmt.Errorf("the format has no type for GoMLX's %s", dtype)
}

func unknownDType(d DType) error {
	names := make([]DType, len(known))
	for i, k := range known {
		names[i] = k.dtype
	}
	return fmt.Errorf("unknown dtype %q, the known ones are %q", string(d), names)
}
