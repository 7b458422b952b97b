package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

func TestComplaint(t *testing.T) {
	require.Equal(t, "dstee: no such thing", complaint(errors.New("dstee: no such thing")))
	require.Equal(t, "dstee: stopped: interrupted", complaint(fmt.Errorf("stopped: %w", context.Canceled)))
}

// A run that was interrupted says how it goes on, in words that a shell takes as they are.
func TestInterruptedRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "the first run")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := execute(ctx, "train", "--backend", backendtest.Cheapest(), "--no-dense", "--out", dir)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "saved in "+dir+": context canceled; `dstee resume '"+dir+"'` goes on")
	_, _, err = execute(t.Context(), "train", "--out", dir)
	require.ErrorContains(t, err, "`dstee rm '"+dir+"'`")
	_, _, err = execute(t.Context(), "resume", filepath.Dir(dir))
	require.ErrorContains(t, err, "but folders in it hold runs, such as "+dir)
}

// One that was interrupted while its dense twin trained is finished, and says how it is shown.
func TestInterruptedTwin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(t.Context())
	root := newRoot()
	root.SetArgs([]string{"train", "--backend", backendtest.Cheapest(), "--width", "0.125", "--steps", "20", "--delta-t", "10", "--out", dir})
	root.SetOut(io.Discard)
	root.SetErr(writerFunc(func(text []byte) (int, error) {
		if bytes.Contains(text, []byte("dense")) {
			cancel()
		}
		return len(text), nil
	}))
	err := root.ExecuteContext(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "the sparse run is finished, `dstee resume "+dir+"` shows it")
	require.Contains(t, succeed(t, "resume", dir), "It has all of its 20 steps.")
}

// writerFunc is a writer that is told what is written.
type writerFunc func(text []byte) (int, error)

func (f writerFunc) Write(text []byte) (int, error) { return f(text) }

// What is shown to be copied is one word to a shell, and the path.
func TestShellWord(t *testing.T) {
	for _, path := range []string{"runs/a", "ünï", "a b", "it's", `$HOME`, "*", "a;b", "\\", "", "-x"} {
		out, err := exec.Command("sh", "-c", "printf %s "+shellWord(path)).Output()
		require.NoError(t, err)
		require.Equal(t, path, string(out))
	}
	require.Equal(t, "runs/a", shellWord("runs/a"))
	require.Equal(t, "ünï", shellWord("ünï"))
}

func TestDurationText(t *testing.T) {
	for seconds, want := range map[float64]string{0.0851: "85ms", 643: "10m43s", 23.4 * 3600: "23.4 hours", 119.5 * 86400: "120 days",
		1.14e5 * 3600: "13.0 years"} {
		require.Equal(t, want, durationText(seconds))
	}
}
