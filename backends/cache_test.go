package backends

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCacheDir(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(CacheDirEnv, dir)
	got, err := CacheDir()
	require.NoError(t, err)
	require.Equal(t, dir, got)

	t.Setenv(CacheDirEnv, "")
	user, err := os.UserCacheDir()
	require.NoError(t, err)
	got, err = CacheDir()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(user, "sparsekernel"), got)

	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	_, err = CacheDir()
	require.ErrorContains(t, err, "$SPARSEKERNEL_CACHE")
}

// writeTestRecord records one plugin in a new folder.
func writeTestRecord(t *testing.T) (dir string) {
	dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cpu.so"), []byte(pluginBytes), 0o644))
	require.NoError(t, writeRecord(dir, []string{"cpu.so"}))
	return dir
}

func TestRecordRoundTrip(t *testing.T) {
	files, err := readRecord(t.TempDir())
	require.NoError(t, err)
	require.Empty(t, files, "a folder without record")

	dir := writeTestRecord(t)
	files, err = readRecord(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Equal(t, int64(len(pluginBytes)), files[0].Size)
	require.NoError(t, files[0].verify(dir))
}

// A copied folder has new times of change; its plugins are as good.
func TestRecordOfCopy(t *testing.T) {
	dir := writeTestRecord(t)
	path := filepath.Join(dir, "cpu.so")
	recorded, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)))
	_, err = readRecord(dir)
	require.NoError(t, err)
	restored, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, recorded.ModTime().Unix(), restored.ModTime().Unix())
}

func TestRecordOfMissingFile(t *testing.T) {
	require.Error(t, writeRecord(t.TempDir(), []string{"cpu.so"}))
}

func FuzzReadRecord(f *testing.F) {
	f.Add([]byte(`{"plugins":[{"file":"cpu.so","size":21,"mtime":0,"sha256":""}]}`))
	f.Add([]byte(`{"plugins":[{"file":"../cpu.so","size":21}]}`))
	f.Add([]byte(`{"plugins":[]}`))
	f.Add([]byte(`null`))
	dir := f.TempDir()
	require.NoError(f, os.WriteFile(filepath.Join(dir, "cpu.so"), []byte(pluginBytes), 0o644))
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, recordName), data, 0o644))
		files, err := readRecord(dir)
		require.True(t, len(files) == 0 || err == nil)
		for _, file := range files {
			require.True(t, filepath.IsLocal(file.File))
			require.Equal(t, int64(len(pluginBytes)), file.Size)
		}
	})
}
