package backends

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/gomlx/compute"
	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

const pluginBytes = "the bytes of a plugin"

// fake is an opener on a machine without plugins or network: its XLA opens any file that holds pluginBytes, and its one
// source "fetches" such a file.
type fake struct {
	*opener
	cache   string
	stderr  bytes.Buffer
	fetched atomic.Int32
	opened  []string // options that XLA was opened with
}

func newFake(t testing.TB) *fake {
	f := &fake{cache: plainTempDir(t)}
	if t, ok := t.(*testing.T); ok {
		t.Setenv(CacheDirEnv, f.cache)
		t.Setenv(compute.ConfigEnvVar, "")
	}
	f.opener = &opener{
		stderr: &f.stderr,
		openGo: openGo,
		openXLA: func(options string) (compute.Backend, error) {
			f.opened = append(f.opened, options)
			return fakeXLA(options)
		},
		installed: func() ([]plugin, error) { return nil, nil },
		sources: []source{fakeSource("fake-1", func(dir string) error {
			f.fetched.Add(1)
			return os.WriteFile(filepath.Join(dir, "cpu.so"), []byte(pluginBytes), 0o644)
		})},
	}
	return f
}

func fakeXLA(options string) (compute.Backend, error) {
	data, err := os.ReadFile(options)
	if err != nil {
		return nil, err
	}
	if string(data) != pluginBytes {
		return nil, errors.Errorf("%s is not a plugin", options)
	}
	return openGo("")
}

// fakeSource has a fetch that is to leave "cpu.so" in dir.
func fakeSource(id string, fetch func(dir string) error) source {
	return source{origin: OriginWheel, id: id,
		fetch: func(_ context.Context, dir string, _ effort, _ *progress) ([]string, error) {
			return []string{"cpu.so"}, fetch(dir)
		}}
}

func (f *fake) pluginPath() string { return filepath.Join(f.cache, f.sources[0].id, "cpu.so") }

// mustOpen opens name and returns the GoMLX configuration that was chosen.
func (f *fake) mustOpen(t *testing.T, name string) string {
	t.Helper()
	chosen, err := f.open(name, insist)
	require.NoError(t, err)
	require.NotNil(t, chosen.backend)
	return chosen.config
}

// plainTempDir is t.TempDir without the test's name, which may have words that go-xla misreads.
func plainTempDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "sparsekernel-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
