package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run"
)

// Where there is no terminal, watch prints lines, and ends with the run.
func TestWatch(t *testing.T) {
	dir := writeTrace(t, "first", run.Spec{Steps: 4})
	stdout, _, err := execute(t.Context(), "watch", dir, "--every", "1ms")
	require.NoError(t, err)
	require.Equal(t, "first · step 4 of 4 · training loss 0.25 · training accuracy 50.0% · 25.0% explored · 1 updates\n", stdout)

	_, _, err = execute(t.Context(), "watch", dir, "--every", "0s")
	require.ErrorContains(t, err, "--every must be a millisecond or more, got 0s")

	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, stderr, err := execute(stopped, "watch", filepath.Join(dir, "absent"))
	require.NoError(t, err, "a run that has not begun is waited for")
	require.Contains(t, stderr, "There is no run in "+filepath.Join(dir, "absent")+" yet: waiting for one.")

	begun := filepath.Join(t.TempDir(), "begun")
	r, err := run.Open(begun, run.Default())
	require.NoError(t, err)
	r.Close()
	_, stderr, err = execute(stopped, "watch", begun)
	require.NoError(t, err)
	require.Contains(t, stderr, "No process trains this run: waiting for one, such as `dstee resume "+begun+"`.")
}
