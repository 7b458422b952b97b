//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) && !noxla

package backends

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

func init() { helpers["real set-up"] = realSetUp }

// realSetUp opens XLA from the pinned wheel and prints where it lies and what 1+2 is.
func realSetUp() error {
	o := newOpener()
	o.sources = []source{wheelSource()}
	chosen, err := o.open("xla", insist)
	if err != nil {
		return err
	}
	sum, err := graph.CallOnce(chosen.backend, graph.Add, float32(1), float32(2))
	if err != nil {
		return err
	}
	fmt.Println(chosen.plugin.path, tensors.ToScalar[float32](sum))
	return nil
}

// TestRealSetUp sets up an empty cache folder with the machine's own pip and index, from two processes at once, and
// then opens XLA without network or Python. Where the index cannot be reached, the error must say so and leave nothing,
// which does not pass for a test of set-up in CI.
func TestRealSetUp(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads 60 MB")
	}
	cache, empty := plainTempDir(t), t.TempDir()
	nothingInstalled := "PJRT_PLUGIN_LIBRARY_PATH=" + empty
	outputs, errs := make([]string, 2), make([]error, 2)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			cmd := helper(t, "real set-up", cache, nothingInstalled)
			cmd.Stderr = os.Stderr
			var output []byte
			output, errs[i] = cmd.Output()
			outputs[i] = string(output)
		})
	}
	wg.Wait()
	w := pinnedWheels[platform()]
	if errs[0] != nil && os.Getenv("CI") == "" {
		reason := readFailure(cache)
		require.NotNil(t, reason)
		require.Contains(t, reason.Reason, "pip download")
		require.NoDirExists(t, filepath.Join(cache, w.name+"-"+w.version))
		t.Logf("the package index cannot be reached: %s", reason.Reason)
		return
	}
	want := filepath.Join(cache, w.name+"-"+w.version, filepath.Base(w.plugin)) + " 3\n"
	for i := range errs {
		require.NoError(t, errs[i])
		require.Equal(t, want, outputs[i])
	}
	offline := helper(t, "real set-up", cache, nothingInstalled, "PATH="+empty,
		"HTTPS_PROXY=http://localhost:1", "HTTP_PROXY=http://localhost:1")
	output, err := offline.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Equal(t, want, string(output), "and nothing on stderr")

	t.Setenv(CacheDirEnv, cache)
	t.Setenv("GOMLX_BACKEND", "")
	o := newOpener()
	o.installed = func() ([]plugin, error) { return nil, errors.New("not looked for") }
	alive, err := o.open("xla", look)
	require.NoError(t, err)
	report := o.diagnose()
	require.Equal(t, "xla", report.Backend)
	require.Equal(t, OriginWheel, report.Plugin.Origin)
	require.True(t, report.Plugin.Intact)
	require.Regexp(t, `^\d+\.\d+$`, report.Plugin.Version)
	require.Positive(t, report.Devices)
	require.NotContains(t, whats(report), "SHA-256")
	sum, err := graph.CallOnce(alive.backend, graph.Add, float32(1), float32(2))
	require.NoError(t, err, "a diagnosis leaves the program's own backend alone")
	require.Equal(t, float32(3), tensors.ToScalar[float32](sum))
}
