package checkpoint_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// folderOf makes a folder with checkpoints at the given steps.
func folderOf(t *testing.T, steps ...int) checkpoint.Folder {
	t.Helper()
	folder := checkpoint.Folder(filepath.Join(t.TempDir(), "checkpoints"))
	require.NoError(t, folder.Prepare())
	for _, step := range steps {
		require.NoError(t, checkpoint.Write(folder.Path(step, step/10), storeOf(t, small()...), nil))
	}
	return folder
}

func stepsOf(t *testing.T, folder checkpoint.Folder) (steps []int) {
	t.Helper()
	entries, err := folder.List()
	require.NoError(t, err)
	for _, entry := range entries {
		steps = append(steps, entry.Step)
	}
	return steps
}

func TestList(t *testing.T) {
	folder := folderOf(t, 20, 100, 7)
	for _, name := range []string{"step-1.json", "notes", ".step-00000003.safetensors.tmp", "step-00000003.safetensors.damaged"} {
		require.NoError(t, os.WriteFile(filepath.Join(string(folder), name), nil, 0o644))
	}
	entries, err := folder.List()
	require.NoError(t, err)
	require.Equal(t, []checkpoint.Entry{
		{Step: 7, Path: folder.Path(7, 0)}, {Step: 20, Round: 2, Path: folder.Path(20, 2)}, {Step: 100, Round: 10, Path: folder.Path(100, 10)},
	}, entries)
	require.NoError(t, folder.Prepare())
	require.NoFileExists(t, filepath.Join(string(folder), ".step-00000003.safetensors.tmp"), "a killed writer's")
	none, err := checkpoint.Folder(filepath.Join(t.TempDir(), "none")).List()
	require.NoError(t, err)
	require.Empty(t, none)
}

// Who has listed a checkpoint reads it, though a fork pins it meanwhile; one that was removed is not there.
func TestReadWhilePinned(t *testing.T) {
	folder := folderOf(t, 10, 20)
	entries, err := folder.List()
	require.NoError(t, err)
	before, err := entries[1].Read()
	require.NoError(t, err)
	require.NoError(t, folder.Pin(entries[1]))
	after, err := entries[1].Read()
	require.NoError(t, err)
	require.Equal(t, before.SHA256, after.SHA256)
	require.NoError(t, os.Remove(entries[0].Path))
	_, err = entries[0].Read()
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// Damaged checkpoints are set aside, and the newest whole one is used.
func TestNewest(t *testing.T) {
	folder := folderOf(t, 10, 20, 30)
	require.NoError(t, os.Truncate(folder.Path(30, 3), 100))
	require.NoError(t, os.WriteFile(folder.Path(20, 2), []byte("not a checkpoint"), 0o644))
	var set []string
	_, entry, err := folder.Newest(func(damaged *checkpoint.DamagedError) { set = append(set, damaged.Path) })
	require.NoError(t, err)
	require.Equal(t, 10, entry.Step)
	require.Equal(t, []string{folder.Path(30, 3), folder.Path(20, 2)}, set)
	require.FileExists(t, folder.Path(30, 3)+".damaged")
	require.Equal(t, []int{10}, stepsOf(t, folder))

	require.NoError(t, os.Remove(folder.Path(10, 1)))
	_, _, err = folder.Newest(nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, os.Mkdir(folder.Path(40, 0), 0o755))
	_, _, err = folder.Newest(nil)
	require.ErrorContains(t, err, "is a directory", "what cannot be read is not taken for damaged")
	require.DirExists(t, folder.Path(40, 0))
}

func TestPrune(t *testing.T) {
	folder := folderOf(t, 10, 20, 25, 30, 40, 50, 55, 57)
	entries, err := folder.List()
	require.NoError(t, err)
	require.NoError(t, folder.Pin(entries[1]))
	require.NoError(t, folder.Prune(2, func(step int) bool { return step%10 == 0 }))
	require.Equal(t, []int{20, 40, 50, 55, 57}, stepsOf(t, folder), "the pinned, the last two regular, the last two")
	entries, err = folder.List()
	require.NoError(t, err)
	require.True(t, entries[0].Pinned)
	require.NoError(t, folder.Pin(entries[0]), "again")
	_, err = checkpoint.Read(entries[0].Path)
	require.NoError(t, err)
	removed, err := folder.RemoveAfter(40)
	require.NoError(t, err)
	require.Equal(t, 3, removed)
	require.Equal(t, []int{20, 40}, stepsOf(t, folder))
}
