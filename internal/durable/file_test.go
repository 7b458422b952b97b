package durable_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/internal/durable"
)

func writing(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, text := range []string{"first", "second, longer", "3"} {
		require.NoError(t, durable.WriteFile(path, writing(text)))
		requireFile(t, path, text)
	}
	// A writer that fails, as on a full disk, leaves the file as it was, and nothing else.
	full := errors.New("no space left")
	err := durable.WriteFile(path, func(w io.Writer) error { return errors.Join(writing("half of")(w), full) })
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, path)
	requireFile(t, path, "3")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.ErrorIs(t, durable.WriteFile(filepath.Join(dir, "none", "file"), writing("")), os.ErrNotExist)
}

// Two writers of a file at a time do not mix: it has what the one that ends last wrote.
func TestWritersOfOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	err := durable.WriteFile(path, func(w io.Writer) error {
		if err := writing("the first, ")(w); err != nil {
			return err
		}
		if err := durable.WriteFile(path, writing("the second")); err != nil {
			return err
		}
		requireFile(t, path, "the second")
		return writing("which ends last")(w)
	})
	require.NoError(t, err)
	requireFile(t, path, "the first, which ends last")
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".file.tmp", "file.tmp", ".hidden", "file"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	require.NoError(t, durable.Sweep(dir))
	require.NoFileExists(t, filepath.Join(dir, ".file.tmp"))
	for _, name := range []string{"file.tmp", ".hidden", "file"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	require.Error(t, durable.Sweep(filepath.Join(dir, "none")))
}

// A file that is damaged again does not take the place of what was set aside before.
func TestSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	want := []string{path + ".damaged", path + ".damaged-2", path + ".damaged-3"}
	for i, text := range []string{"first", "second", "third"} {
		require.NoError(t, durable.WriteFile(path, writing(text)))
		aside, err := durable.SetAside(path)
		require.NoError(t, err)
		require.Equal(t, want[i], aside)
		requireFile(t, aside, text)
		require.NoFileExists(t, path)
	}
	require.NoError(t, durable.WriteFile(path, writing("whole")))
	paths, err := durable.Aside(path)
	require.NoError(t, err)
	require.Equal(t, want, paths)
	_, err = durable.SetAside(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func requireFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}
