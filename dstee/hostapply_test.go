package dstee

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

// A NaN or an infinity anywhere is found in all float dtypes, on the host as on the device, and nothing else is.
func TestFinite(t *testing.T) {
	const n = 300
	for _, special := range []float64{1, math.NaN(), math.Inf(1), math.Inf(-1), 0} {
		f64, f32 := make([]float64, n), make([]float32, n)
		bf16, f16 := make([]bfloat16.BFloat16, n), make([]float16.Float16, n)
		f64[n-3], f32[n-3] = special, float32(special)
		bf16[n-3], f16[n-3] = bfloat16.FromFloat32(float32(special)), float16.FromFloat32(float32(special))
		want := finite(special)
		f64[5], f32[5] = math.MaxFloat64, math.MaxFloat32
		backend := backendtest.One(t)
		for _, sel := range []selector{hostSelector{backend}, newDeviceSelector(backend, newMaintenance(backend))} {
			for _, tensor := range []*tensors.Tensor{
				tensors.FromFlatDataAndDimensions(f64, n), tensors.FromFlatDataAndDimensions(f32, n),
				tensors.FromFlatDataAndDimensions(bf16, n), tensors.FromFlatDataAndDimensions(f16, n),
			} {
				got, err := sel.finite(tensor)
				require.NoError(t, err)
				require.Equal(t, want, got, "%T: %g as %s", sel, special, tensor.DType())
			}
		}
	}
	_, err := hostSelector{}.finite(tensors.FromFlatDataAndDimensions(make([]int32, n), n))
	require.ErrorContains(t, err, "dtype Int32")
}
