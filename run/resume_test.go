package run_test

import (
	"context"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

func TestScratch(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		dir := t.TempDir()
		a, err := run.Open(dir+"/a", short(0))
		require.NoError(t, err)
		sa, err := a.On(backend).Train(t.Context(), 0)
		require.NoError(t, err)
		b, err := run.Open(dir+"/b", short(0))
		require.NoError(t, err)
		for range 4 {
			_, err = b.On(backend).Train(t.Context(), 7)
			require.NoError(t, err)
			b.Close()
		}
		sb, err := b.On(backend).Train(context.Background(), 0)
		require.NoError(t, err)
		sa.Seconds, sb.Seconds, sa.SecondsPerStep, sb.SecondsPerStep = 0, 0, 0, 0
		require.Equal(t, sa, sb)
		h, err := b.Checkpoints()
		require.NoError(t, err)
		t.Logf("%+v", h)
		m, err := run.Train(t.Context(), backend, short(0), run.Observer{})
		require.NoError(t, err)
		m.Seconds, m.SecondsPerStep = 0, 0
		require.Equal(t, sa, m)
	})
}
