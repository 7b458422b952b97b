//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) && !noxla

package backends

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gomlx/go-xla/compute/xla"
	"github.com/stretchr/testify/require"
)

func TestNoAutoInstall(t *testing.T) {
	t.Setenv(xla.NoAutoInstallEnv, "1")
	_, err := fetchGoXLA(t.Context(), t.TempDir(), insist, newProgress(&bytes.Buffer{}))
	require.ErrorContains(t, err, xla.NoAutoInstallEnv)
}

func TestFindPlugins(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{
		"go-xla/pjrt_c_api_cpu_v0.114.0_plugin.so",
		"go-xla/pjrt_c_api_cpu_v0.114.0_plugin.so.lock",
		"go-xla/nvidia/pjrt_c_api_cuda_plugin.so",
		"go-xla/nvidia/lib/libcudnn.so",
	} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
	files, err := findPlugins(dir)
	require.NoError(t, err)
	require.Equal(t, []string{
		filepath.FromSlash("go-xla/nvidia/pjrt_c_api_cuda_plugin.so"),
		filepath.FromSlash("go-xla/pjrt_c_api_cpu_v0.114.0_plugin.so"),
	}, files)
}

func TestWithin(t *testing.T) {
	require.NoError(t, within(t.Context(), func(context.Context) error { return nil }))
	require.ErrorContains(t, within(t.Context(), func(context.Context) error { panic("a bug") }), "a bug")

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	require.ErrorContains(t, within(ctx, func(context.Context) error { <-forever; return nil }), "in time")
}

func TestRedirectStdout(t *testing.T) {
	stdout := os.Stdout
	for _, terminal := range []bool{false, true} {
		restore, err := redirectStdout(&progress{terminal: terminal})
		require.NoError(t, err)
		require.NotSame(t, stdout, os.Stdout)
		if !terminal {
			_, err := fmt.Print("swallowed")
			require.NoError(t, err)
		}
		restore()
		require.Same(t, stdout, os.Stdout)
	}
}

// Nothing may be fetched behind the back of whoever asks go-xla for a plugin.
func TestGoXLADoesNotInstallByItself(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	_ = xla.GetAvailablePlugins()
	require.Empty(t, entries(t, os.Getenv("HOME")))
}
