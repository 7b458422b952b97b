package trace

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A run that is rewound to any step and recorded anew has the trace of one that was not, whether the writer goes on or
// another one does.
func TestRewindAnywhere(t *testing.T) {
	events := simulate(45, smallLayers()...)
	path, data := write(t, events)
	dir := filepath.Dir(path)
	for step := 0; step <= 46; step++ {
		w, err := AppendAfter(dir, step)
		require.NoError(t, err)
		require.Equal(t, min(step, 45), w.last())
		if step%2 == 1 {
			require.NoError(t, w.Close())
			w, err = Append(dir)
			require.NoError(t, err)
		}
		record(t, w, events[min(step, 45)+1:])
		require.NoError(t, w.Close())
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(data), string(again), step)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, left, 2) // No temporary file stays.
	}
}

// A reader of a trace that is rewound goes on reading what it opened.
func TestReadWhileRewound(t *testing.T) {
	events := simulate(45, smallLayers()...)
	path, _ := write(t, events)
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	index, err := r.Index()
	require.NoError(t, err)
	w, err := AppendAfter(filepath.Dir(path), 5)
	require.NoError(t, err)
	defer w.Close()
	mask, err := index.Mask(3, "/out/weights")
	require.NoError(t, err)
	require.Equal(t, events[40].moves[1].Mask, mask)
}

// A fork has the records of the run that it leaves, and those of its own.
func TestFork(t *testing.T) {
	events := simulate(45, smallLayers()...)
	path, data := write(t, events)
	dir := t.TempDir()
	w, err := Fork(filepath.Dir(path), dir, 20, map[string]any{"method": "dst-ee", "seed": 3})
	require.NoError(t, err)
	require.Equal(t, 20, w.last())
	record(t, w, events[21:])
	require.NoError(t, w.Close())
	forked, err := os.ReadFile(filepath.Join(dir, FileName))
	require.NoError(t, err)
	require.Equal(t, string(data), string(forked))

	other := t.TempDir()
	w, err = Fork(filepath.Dir(path), other, 20, "another method")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r, err := Open(other)
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, `"another method"`, string(r.Header().Meta))
	index, err := r.Index()
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2}, index.Rounds())

	_, err = Fork(filepath.Dir(path), dir, 20, nil)
	require.ErrorIs(t, err, os.ErrExist)
}
