package run_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// A second process gets the first one's pid and host, and may wait for it; one that was killed holds nothing.
func TestLock(t *testing.T) {
	spec := killed()
	spec.Steps = 1_000_000
	r := create(t, spec, run.Recording{LogEvery: 100, SaveEvery: 100}).On(backendtest.One(t))
	holder := start(t, r.Dir(), backendtest.Cheapest())
	<-holder.training

	host, err := os.Hostname()
	require.NoError(t, err)
	_, err = r.Train(t.Context(), 1)
	var locked *run.LockedError
	require.ErrorAs(t, err, &locked)
	require.Equal(t, holder.Process.Pid, locked.Holder.PID)
	require.Equal(t, host, locked.Holder.Host)
	require.WithinDuration(t, time.Now(), locked.Holder.Since, time.Hour)
	require.ErrorContains(t, err, "wait for it (--wait), or end it there with `kill -INT")
	require.ErrorAs(t, run.Remove(r.Dir()), &locked)
	_, err = r.Rewind(0)
	require.ErrorAs(t, err, &locked)

	// Readers need no lock, and do not disturb who has it.
	for range 50 {
		state, err := r.State()
		require.NoError(t, err)
		require.Equal(t, run.StatusTraining, state.Status)
		require.Equal(t, holder.Process.Pid, state.Holder.PID)
		health, err := r.Checkpoints()
		require.NoError(t, err)
		for _, h := range health {
			require.NoError(t, h.Err)
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = r.Wait(true).Train(ctx, 1)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "waiting for")

	waited := make(chan error)
	go func() {
		_, err := r.Wait(true).Train(t.Context(), 1)
		waited <- err
	}()
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, holder.Process.Kill())
	require.Equal(t, -1, holder.exit(t))
	require.NoError(t, <-waited)

	// The holder's name is still there, as after a restart of the machine, but nobody holds the lock.
	require.FileExists(t, filepath.Join(r.Dir(), "holder.json"))
	state, err := r.State()
	require.NoError(t, err)
	require.Equal(t, run.StatusStopped, state.Status)
	require.NoError(t, run.Remove(r.Dir()))
	require.NoDirExists(t, r.Dir())
	_, err = r.Train(t.Context(), 1)
	require.Error(t, err, "the run was removed")
}

func TestRemove(t *testing.T) {
	dir := t.TempDir()
	var none *run.NotARunError
	require.ErrorAs(t, run.Remove(dir), &none)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "spec.json"), []byte(`{"name": "someone else's"}`), 0o644))
	require.ErrorContains(t, run.Remove(dir), "it describes no run")
	require.FileExists(t, filepath.Join(dir, "spec.json"))

	r := create(t, short(0), often())
	trained(t, r, backendtest.One(t), 10)
	notes := filepath.Join(r.Dir(), "notes.txt")
	require.NoError(t, os.WriteFile(notes, nil, 0o644))
	for _, left := range []string{".trace.jsonl.tmp", ".summary.json.tmp"} { // By a process that was killed.
		require.NoError(t, os.WriteFile(filepath.Join(r.Dir(), left), nil, 0o644))
	}
	require.NoError(t, run.Remove(r.Dir()))
	files, err := os.ReadDir(r.Dir())
	require.NoError(t, err)
	require.Len(t, files, 1, "what is not the run's stays")
}
