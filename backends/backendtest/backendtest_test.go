package backendtest_test

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		got, err := graph.ExecOnce(backend, graph.Neg, float32(3))
		require.NoError(t, err)
		require.Equal(t, float32(-3), tensors.ToScalar[float32](got))
	})
}
