//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) && !noxla

package backends

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
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
		if terminal {
			require.Same(t, os.Stderr, os.Stdout)
		} else {
			require.NotSame(t, stdout, os.Stdout)
			_, err := fmt.Print("swallowed")
			require.NoError(t, err)
		}
		restore()
		require.Same(t, stdout, os.Stdout)
	}
}

// release answers go-xla's installer as the page with its plugins would.
type release struct {
	archive []byte // what the release's one file holds
	status  int    // of that file
}

func (r release) RoundTrip(request *http.Request) (*http.Response, error) {
	status, body := http.StatusNotFound, []byte(nil)
	switch file := fmt.Sprintf("pjrt_cpu_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH); {
	case strings.HasSuffix(request.URL.Path, "/releases/tags/"+pjrt.DefaultCPUVersion):
		status = http.StatusOK
		body = fmt.Appendf(nil, `{"assets": [{"browser_download_url": "https://example.org/%s"}]}`, file)
	case path.Base(request.URL.Path) == file && request.Method == http.MethodHead:
		status = r.status
	case path.Base(request.URL.Path) == file:
		status, body = r.status, r.archive
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Request: request,
		Body: io.NopCloser(bytes.NewReader(body)), Header: http.Header{},
	}, nil
}

func tarGz(t *testing.T, name, content string) []byte {
	var data bytes.Buffer
	compressed := gzip.NewWriter(&data)
	archive := tar.NewWriter(compressed)
	require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}))
	_, err := archive.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	require.NoError(t, compressed.Close())
	return data.Bytes()
}

func TestGoXLAInstaller(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // Its releases for Windows are zip files, kept in a folder outside the test's.
	}
	name := "pjrt_c_api_cpu_" + pjrt.DefaultCPUVersion + "_plugin.so"
	good := tarGz(t, name, pluginBytes)
	for title, test := range map[string]struct {
		release
		err string
	}{
		"good":       {release{good, http.StatusOK}, ""},
		"truncated":  {release{good[:len(good)-20], http.StatusOK}, "EOF"},
		"a web page": {release{[]byte("<html>Please log in</html>"), http.StatusOK}, "gzip"},
		"empty":      {release{tarGz(t, "README", ""), http.StatusOK}, "no plugin"},
		"blocked":    {release{good, http.StatusForbidden}, "Forbidden"},
	} {
		t.Run(title, func(t *testing.T) {
			transport, stdout := http.DefaultTransport, os.Stdout
			read, write, err := os.Pipe()
			require.NoError(t, err)
			http.DefaultTransport, os.Stdout = test.release, write
			defer func() { http.DefaultTransport, os.Stdout = transport, stdout }()

			f := newFake(t)
			f.sources = []source{goXLASource()}
			t.Setenv(xla.NoAutoInstallEnv, "") // so that it is restored
			require.NoError(t, os.Unsetenv(xla.NoAutoInstallEnv))
			chosen, err := f.open("xla", insist)
			require.NoError(t, write.Close())
			written, readErr := io.ReadAll(read)
			require.NoError(t, readErr)
			require.Empty(t, string(written), "stdout is the caller's")
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				require.NoDirExists(t, filepath.Join(f.cache, f.sources[0].id))
				return
			}
			require.NoError(t, err)
			require.Equal(t, OriginInstaller, chosen.plugin.origin)
			require.Equal(t, filepath.Join(f.cache, f.sources[0].id, "go-xla", name), chosen.plugin.path)
		})
	}
}

// Nothing may be fetched behind the back of whoever asks go-xla for a plugin.
func TestGoXLADoesNotInstallByItself(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	_ = xla.GetAvailablePlugins()
	require.Empty(t, entries(t, os.Getenv("HOME")))
}
