package backends

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testWheel returns a wheel with the given files, pinned.
func testWheel(t *testing.T, files map[string]string) (wheel, []byte) {
	var data bytes.Buffer
	archive := zip.NewWriter(&data)
	for name, content := range files {
		w, err := archive.Create(name)
		require.NoError(t, err)
		_, err = w.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	sum := sha256.Sum256(data.Bytes())
	return wheel{name: "w", version: "1", platform: "any", sha256: hex.EncodeToString(sum[:]),
		size: int64(data.Len()), plugin: "plugins/cpu/cpu.so"}, data.Bytes()
}

func TestWheelDownloads(t *testing.T) {
	w, good := testWheel(t, map[string]string{"plugins/cpu/cpu.so": pluginBytes, "METADATA": "w"})
	for name, test := range map[string]struct {
		files map[string][]byte
		err   string
	}{
		"good":      {map[string][]byte{"w-1.whl": good}, ""},
		"truncated": {map[string][]byte{"w-1.whl": good[:len(good)-1]}, "refused"},
		"altered":   {map[string][]byte{"w-1.whl": bytes.ToUpper(good)}, "refused"},
		"empty":     {map[string][]byte{"w-1.whl": nil}, "refused"},
		"none":      {nil, "0 wheels"},
		"two":       {map[string][]byte{"w-1.whl": good, "w-2.whl": good}, "2 wheels"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.sources = []source{w.source(func(_ context.Context, _ wheel, dir string, _ effort, _ *progress) error {
				for name, data := range test.files {
					require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
				}
				return nil
			})}
			folder := filepath.Join(f.cache, "w-1")
			_, err := f.open("xla", insist)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				require.NoDirExists(t, folder)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{"cpu.so", recordName}, entries(t, folder), "the wheel is not kept")
		})
	}
}

func TestWheelWithoutPlugin(t *testing.T) {
	w, data := testWheel(t, map[string]string{"METADATA": "w"})
	dir := t.TempDir()
	file := filepath.Join(dir, "w-1.whl")
	require.NoError(t, os.WriteFile(file, data, 0o644))
	require.ErrorContains(t, w.unpack(file, dir), w.plugin)
}

func TestPinnedWheels(t *testing.T) {
	for platform, w := range pinnedWheels {
		require.Len(t, w.sha256, hex.EncodedLen(sha256.Size), platform)
		require.Positive(t, w.size, platform)
		require.NoError(t, misread("/home/ada/"+w.name+"/"+w.plugin), platform)
	}
}

// fakePython puts a python3 that runs the shell script first in $PATH.
func fakePython(t *testing.T, script string) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "python3"), []byte("#!/bin/sh\n"+script), 0o755))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestPipFailures(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // There is no pinned wheel for Windows, and the fakes are shell scripts.
	}
	w, _ := testWheel(t, nil)
	download := func(most effort) error {
		return pipDownload(t.Context(), w, t.TempDir(), most, newProgress(&bytes.Buffer{}))
	}
	fakePython(t, `echo "python3: No module named pip" >&2; exit 1`)
	require.ErrorContains(t, download(insist), "install it")

	fakePython(t, `echo one; echo two >&2; echo three; echo "ERROR: no route to host"; exit 1`)
	err := download(insist)
	require.ErrorContains(t, err, "two / three / ERROR: no route to host")
	require.NotContains(t, err.Error(), "one")

	t.Setenv("PATH", t.TempDir())
	require.ErrorContains(t, download(insist), "no python3")
}

// What pip is asked for decides whether the right file comes, by whatever pip.
func TestPipArguments(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // There is no pinned wheel for Windows, and the fake is a shell script.
	}
	w, _ := testWheel(t, nil)
	dir := t.TempDir()
	fakePython(t, `echo "$@" > "$TMPDIR/../args"; echo "$PIP_REQUIRE_VIRTUALENV" >> "$TMPDIR/../args"`)
	require.NoError(t, pipDownload(t.Context(), w, dir, insist, newProgress(&bytes.Buffer{})))
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	require.NoError(t, err)
	require.Regexp(t, `^-m pip download .*--platform=any .*--require-hashes .*\n0\n$`, string(args))
	requirements, err := os.ReadFile(filepath.Join(dir, "requirements.txt"))
	require.NoError(t, err)
	require.Equal(t, "w==1 --hash=sha256:"+w.sha256+"\n", string(requirements))
}

func TestWatchGivesUp(t *testing.T) {
	p := newProgress(&bytes.Buffer{})
	dir := t.TempDir()
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	err := p.watch(t.Context(), dir, 100, time.Millisecond, wait)
	require.ErrorContains(t, err, "nothing arrived within 1ms")

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.watch(ctx, dir, 100, 0, wait), context.DeadlineExceeded)

	// Whatever has begun to arrive is waited for.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part"), []byte("x"), 0o644))
	require.NoError(t, p.watch(t.Context(), dir, 100, time.Millisecond, func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
			return nil
		}
	}))
}

// noticed is a buffer that tells when it is first written to.
type noticed struct {
	bytes.Buffer
	once    sync.Once
	written chan struct{}
}

func (n *noticed) Write(p []byte) (int, error) {
	defer n.once.Do(func() { close(n.written) })
	return n.Buffer.Write(p)
}

func TestWatchShowsMegabytesOnTerminal(t *testing.T) {
	out := &noticed{written: make(chan struct{})}
	p := &progress{w: out, terminal: true}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "part"), make([]byte, 2_000_000), 0o644))
	require.NoError(t, p.watch(t.Context(), dir, 63_000_000, 0, func(context.Context) error {
		<-out.written
		return nil
	}))
	require.Regexp(t, "^(\rsparsekernel: 2 of 63 MB)+\n$", out.String())
}
