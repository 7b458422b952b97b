package compare

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run"
)

// saved is a folder with the result of a cell.
func saved(t *testing.T) (*Folder, Cell, *run.Summary) {
	t.Helper()
	folder, err := OpenFolder(filepath.Join(t.TempDir(), "new", "folder"), "the backend", "this build")
	require.NoError(t, err)
	cell := contender("dst-ee").cell(0.975, 3)
	summary, err := fakeTrain(t.Context(), nil, cell.Spec, run.Observer{})
	require.NoError(t, err)
	require.NoError(t, folder.Save(cell, summary))
	return folder, cell, summary
}

func TestFolder(t *testing.T) {
	folder, cell, summary := saved(t)
	loaded, err := folder.Load(cell)
	require.NoError(t, err)
	require.Equal(t, summary, loaded)
	entries, err := os.ReadDir(folder.dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing but the result")
	require.Regexp(t, `^dst-ee-97\.5-seed3-[0-9a-f]{16}\.json$`, entries[0].Name())
}

// Whatever decides a cell's outcome makes it another one.
func TestFolderOfOtherSettings(t *testing.T) {
	folder, cell, _ := saved(t)
	for name, change := range map[string]func(*run.Spec){
		"seed":          func(s *run.Spec) { s.Seed++ },
		"steps":         func(s *run.Spec) { s.Steps++ },
		"c":             func(s *run.Spec) { s.C *= 2 },
		"learning rate": func(s *run.Spec) { s.LearningRate *= 2 },
		"method":        func(s *run.Spec) { s.Method = "rigl" },
	} {
		other := cell
		change(&other.Spec)
		_, err := folder.Load(other)
		require.ErrorIs(t, err, ErrAbsent, name)
	}
	renamed := cell
	renamed.Contender = "another name"
	_, err := folder.Load(renamed)
	require.NoError(t, err, "a name decides nothing")

	otherBackend, err := OpenFolder(folder.dir, "another backend", "this build")
	require.NoError(t, err)
	_, err = otherBackend.Load(cell)
	require.ErrorIs(t, err, ErrAbsent)

	otherBuild, err := OpenFolder(folder.dir, "the backend", "another build")
	require.NoError(t, err)
	_, err = otherBuild.Load(cell)
	require.ErrorIs(t, err, ErrOtherBuild)
	otherBuild.AnyBuild = true
	_, err = otherBuild.Load(cell)
	require.NoError(t, err)
}

func TestFolderOfDamagedFiles(t *testing.T) {
	for name, damage := range map[string]func(content string) string{
		"empty":     func(string) string { return "" },
		"truncated": func(s string) string { return s[:len(s)/2] },
		"foreign":   func(string) string { return `{"accuracy": 1}` },
		"no object": func(string) string { return `[1]` },
		"altered":   func(s string) string { return strings.Replace(s, `"accuracy": 0.9`, `"accuracy": 0.8`, 1) },
		"of another cell": func(s string) string {
			return strings.Replace(s, `"steps": 12`, `"steps": 13`, 1)
		},
		"of another format": func(s string) string { return strings.Replace(s, `"format": 1`, `"format": 2`, 1) },
	} {
		folder, cell, _ := saved(t)
		content, err := os.ReadFile(folder.path(cell))
		require.NoError(t, err)
		damaged := damage(string(content))
		require.NotEqual(t, string(content), damaged, name)
		require.NoError(t, os.WriteFile(folder.path(cell), []byte(damaged), 0o644))
		_, err = folder.Load(cell)
		require.ErrorIs(t, err, ErrDamaged, name)
		require.ErrorContains(t, err, folder.path(cell), name)
	}
}

// A file that is set aside does not replace one that was set aside before.
func TestSetAside(t *testing.T) {
	folder, cell, summary := saved(t)
	first, err := folder.SetAside(cell)
	require.NoError(t, err)
	require.FileExists(t, first)
	require.NoError(t, folder.Save(cell, summary))
	second, err := folder.SetAside(cell)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.FileExists(t, first)
	require.FileExists(t, second)
	_, err = folder.Load(cell)
	require.ErrorIs(t, err, ErrAbsent)
}

func TestOpenFolderIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := OpenFolder(file, "", "")
	require.ErrorContains(t, err, "not a directory")
}

func TestBuild(t *testing.T) {
	build, err := Build()
	require.NoError(t, err)
	require.Regexp(t, "^[0-9a-f]{32}$", build)
	again, err := Build()
	require.NoError(t, err)
	require.Equal(t, build, again)
}

// Whatever a result file holds, it is refused or is the one that was saved.
func FuzzLoad(f *testing.F) {
	dir := f.TempDir()
	folder, err := OpenFolder(dir, "the backend", "this build")
	require.NoError(f, err)
	cell := contender("dst-ee").cell(0.9, 0)
	summary, err := fakeTrain(f.Context(), nil, cell.Spec, run.Observer{})
	require.NoError(f, err)
	require.NoError(f, folder.Save(cell, summary))
	content, err := os.ReadFile(folder.path(cell))
	require.NoError(f, err)
	f.Add(content)
	f.Add(content[:100])
	f.Add([]byte(`{"format":1,"summary":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(folder.path(cell), data, 0o644))
		loaded, err := folder.Load(cell)
		if err != nil {
			require.Nil(t, loaded)
			return
		}
		require.Equal(t, cell.Spec, loaded.Spec)
	})
}
