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

// What methods cost is what is published of them, for the same network.
func TestMethodFLOPs(t *testing.T) {
	for _, test := range []struct {
		method       dstee.Method
		sparse, want float64
		precision    float64
	}{
		{dstee.MethodRigL(), 0.4138, 0.42, 0.005},
		{dstee.MethodRigL(), 0.2418, 0.25, 0.006},
		{dstee.MethodSNFS(), 0.4138, 0.61, 0.005}, // RigL's table of SNFS with ERK.
		{dstee.MethodSNFS(), 0.2418, 0.50, 0.006},
		{dstee.MethodDSTEE(), 0.2418, 0.25, 0.006},
		{dstee.MethodSET(), 0.1, 0.1, 0},
		{dstee.MethodStatic(), 0.1, 0.1, 0},
		{dstee.MethodSNIP(), 0.1, 0.1, 0},
		{dstee.MethodTopKAST(), 0.1, 0.4 / 3, 1e-12}, // Forward and back through a tenth, weights' gradients for a fifth.
		{dstee.MethodTopKAST(), 0.8, 2.6 / 3, 1e-12},
		{dstee.MethodGMP(), 0.5, 2. / 3, 1e-12},
	} {
		require.InDelta(t, test.want, test.method.TrainingFLOPs(test.sparse, 1, 100), test.precision, test.method.Name)
	}
	require.Equal(t, 0.05, dstee.MethodRigL().MeanDensity(0.05, 1000))
	// Three quarters of the run along the cube, whose mean is a quarter above its end, then a quarter at the end.
	require.InDelta(t, 0.75*(0.05+0.95/4)+0.25*0.05, dstee.MethodGMP().MeanDensity(0.05, 100000), 1e-4)
}
