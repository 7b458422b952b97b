package dstee_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/dstee"
)

func TestTrainingFLOPs(t *testing.T) {
	// ResNet-50 on ImageNet with ERK: RigL publishes 0.42 and 0.25 of the dense training FLOPs at 80% and 90% sparsity.
	require.InDelta(t, 0.42, dstee.TrainingFLOPs(0.4138, 1, 100), 0.005)
	require.InDelta(t, 0.25, dstee.TrainingFLOPs(0.2418, 1, 100), 0.006)
	require.Equal(t, 0.1, dstee.TrainingFLOPs(10, 100, 0))
	require.Equal(t, 1.0, dstee.TrainingFLOPs(5, 5, 7))
}
