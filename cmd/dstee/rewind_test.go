package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"
	"github.com/stretchr/testify/require"
)

// A run that was taken back trains to the same end again.
func TestRewind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, brief("--out", dir, "--save-rounds", "every")...)
	const trace = "trace.jsonl"
	want, err := os.ReadFile(filepath.Join(dir, trace))
	require.NoError(t, err)
	again := "`dstee resume " + dir + "` goes on.\n"

	locked := flock.New(filepath.Join(dir, "lock"))
	require.NoError(t, locked.Lock())
	_, _, err = execute(t.Context(), "rewind", dir, "--at-round", "2")
	require.ErrorContains(t, err, "is being trained by process")
	require.NoError(t, locked.Unlock())

	require.Equal(t, dir+" is at step 20 of 40 again: "+again+
		"Removed: 2 checkpoints, 2 saved mask updates, and what was recorded after it, with the result.\n",
		succeed(t, "rewind", dir, "--at-round", "2"))
	require.Contains(t, succeed(t, "inspect", dir), "step 20 of 40, stopped, test accuracy -")
	require.Equal(t, dir+" is at step 10 of 40 again: "+again+
		"Removed: 1 checkpoint, 1 saved mask update, and what was recorded after it.\n",
		succeed(t, "rewind", dir, "--at-step", "10"))
	succeed(t, "resume", dir)
	got, err := os.ReadFile(filepath.Join(dir, trace))
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))

	for want, args := range map[string][]string{
		"no checkpoint of step 15, only of steps [10 20 30 40]":                 {dir, "--at-step", "15"},
		"no checkpoint of round 5, only of rounds [1 2 3 4]":                    {dir, "--at-round", "5"},
		"at least one of the flags in the group [at-round at-step] is required": {dir},
		"holds no run": {t.TempDir(), "--at-step", "0"},
	} {
		_, _, err := execute(t.Context(), append([]string{"rewind"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}
