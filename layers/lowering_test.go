package layers

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"
)

func TestChooseLowering(t *testing.T) {
	for _, test := range []struct {
		name, backend         string
		dtype                 dtypes.DType
		channels              int
		kernel, input, output []int
		want                  Lowering
	}{
		{"one position", "xla", dtypes.Float32, 32, []int{1, 1}, []int{8, 8}, []int{8, 8}, LoweringShifted},
		{"ordinary", "xla", dtypes.Float32, 32, []int{3, 3}, []int{8, 8}, []int{8, 8}, LoweringConvolve},
		{"as large as the image", "xla", dtypes.Float32, 32, []int{3, 3}, []int{3, 3}, []int{3, 3}, LoweringConvolve},
		{"larger than the image", "xla", dtypes.Float32, 32, []int{3, 3}, []int{2, 2}, []int{2, 2}, LoweringIm2Col},
		{"larger than the output", "xla", dtypes.Float32, 32, []int{3, 3}, []int{4, 4}, []int{2, 2}, LoweringIm2Col},
		{"even", "xla", dtypes.Float32, 32, []int{3, 2}, []int{8, 8}, []int{8, 8}, LoweringIm2Col},
		{"half precision", "xla", dtypes.BFloat16, 32, []int{3, 3}, []int{8, 8}, []int{8, 8}, LoweringConvolve},
		{"pure Go", "Go Backend", dtypes.Float32, 32, []int{3, 3}, []int{8, 8}, []int{8, 8}, LoweringShifted},
		{"pure Go, few channels", "Go Backend", dtypes.Float32, 3, []int{3, 3}, []int{8, 8}, []int{8, 8}, LoweringIm2Col},
		{"pure Go, half precision", "Go Backend", dtypes.Float16, 32, []int{3, 3}, []int{8, 8}, []int{8, 8}, LoweringIm2Col},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := chooseLowering(test.backend, test.dtype, test.channels, test.kernel, test.input, test.output)
			require.Equal(t, test.want.String(), got.String())
		})
	}
}
