package backendtest_test

import (
	"path"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		product := func(x, y *graph.Node) *graph.Node { return graph.Dot(x, y).Product() }
		got, err := graph.CallOnce(backend, product, []float32{1, 2}, []float32{3, 4})
		require.NoError(t, err)
		require.Equal(t, float32(11), tensors.ToScalar[float32](got))
		require.Same(t, backend, backendtest.Get(t, path.Base(t.Name())))
	})
}

func TestRunNarrowed(t *testing.T) {
	t.Setenv(backendtest.BackendsEnv, "go")
	var ran []string
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		ran = append(ran, backend.String())
	})
	require.Equal(t, []string{"go"}, ran)
}
