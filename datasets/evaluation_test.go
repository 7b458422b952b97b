package datasets_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

func TestEvaluationServesAllInOrder(t *testing.T) {
	for size, wantSizes := range map[int][]int{1: {1, 1, 1, 1, 1, 1, 1}, 3: {3, 3, 1}, 7: {7}} {
		evaluation, err := datasets.NewEvaluation(numbered(7), size)
		require.NoError(t, err)
		require.Equal(t, "numbered", evaluation.Name())
		for range 2 { // as often as one likes
			var sizes []int
			var labels []int32
			var images []float32
			for batch, err := range evaluation.Iter() {
				require.NoError(t, err)
				sizes = append(sizes, batch.Inputs[0].Shape().Dim(0))
				require.Equal(t, []int{sizes[len(sizes)-1], 1}, batch.Labels[0].Shape().Dimensions)
				labels = append(labels, tensors.MustCopyFlatData[int32](batch.Labels[0])...)
				images = append(images, tensors.MustCopyFlatData[float32](batch.Inputs[0])...)
			}
			require.Equal(t, wantSizes, sizes)
			require.Equal(t, numbered(7).Labels, labels)
			for i, value := range images {
				require.Equal(t, float32(i), value)
			}
			require.Len(t, images, 7*6)
		}
	}
}

func TestEvaluationErrors(t *testing.T) {
	for _, size := range []int{-1, 0, 8} {
		_, err := datasets.NewEvaluation(numbered(7), size)
		require.ErrorContains(t, err, fmt.Sprintf("batch size is %d, want 1 to 7", size))
	}
}
