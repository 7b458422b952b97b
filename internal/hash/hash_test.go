package hash_test

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/internal/hash"
)

// The host and every backend give the same bits, those of the published function.
func TestMix32(t *testing.T) {
	numbers := []uint32{0, 1, 2, 0x7FFFFFFF, 0xFFFFFFFF}
	want := []uint32{0, 0x514E28B7, 0x30F4C306, 0xF9CC0EA8, 0x81F16F39}
	for i, x := range numbers {
		require.Equal(t, want[i], hash.Mix32(x))
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		got, err := graph.CallOnce(backend, hash.Mix32Graph, numbers)
		require.NoError(t, err)
		require.Equal(t, want, got.Value())
	})
}
