package trace

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// followSteps is the number of steps that the followed run takes.
const followSteps = 120

// TestMain writes a trace and is killed, if a test started it for that.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TRACE_TEST_WRITE"); dir != "" {
		writeSlowly(dir)
		return
	}
	os.Exit(m.Run())
}

// writeSlowly records a run, with pauses in the middle of lines.
func writeSlowly(dir string) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	w, err := Append(dir)
	check(err)
	for _, e := range simulate(followSteps, smallLayers()...) {
		if e.update != nil {
			check(w.Update(*e.update, e.moves...))
		}
		if e.step == 0 {
			continue
		}
		check(w.Step(Step{Step: e.step, Scalars: Scalars{Loss: e.loss, LearningRate: 0.1}}))
		if e.step%20 == 15 {
			whole := w.trace.buffer
			cut := len(whole) - 5
			w.trace.buffer = append([]byte(nil), whole[:cut]...)
			check(w.trace.flush())
			time.Sleep(2 * pollEvery)
			w.trace.buffer = append([]byte(nil), whole[cut:]...)
		}
	}
	check(w.Close())
}

// A trace that another process writes is followed line by line, also when lines are torn for a while.
func TestFollowProcess(t *testing.T) {
	w, path := create(t)
	require.NoError(t, w.Close())
	executable, err := os.Executable()
	require.NoError(t, err)
	writer := exec.Command(executable)
	writer.Env = append(os.Environ(), "TRACE_TEST_WRITE="+filepath.Dir(path))
	require.NoError(t, writer.Start())
	defer func() { require.NoError(t, writer.Wait()) }()

	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	events := simulate(followSteps, smallLayers()...)
	var topology Topology
	steps := 0
	for rec, err := range r.Follow(ctx) {
		require.NoError(t, err)
		if rec.Update != nil {
			require.NoError(t, topology.Advance(rec.Update))
			for _, move := range events[rec.Update.Step].moves {
				tr, err := topology.Transition(move.Path)
				require.NoError(t, err)
				require.Equal(t, move.Mask, tr.After)
			}
			continue
		}
		steps++
		checkStep(t, events[steps], rec.Step)
		if steps == followSteps {
			break
		}
	}
	require.Equal(t, followSteps, steps)
}

// Following ends when the context is done, without an error.
func TestFollowUntilCancelled(t *testing.T) {
	path, _ := write(t, simulate(3, tinyLayer()))
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	records := 0
	for _, err := range r.Follow(ctx) {
		require.NoError(t, err)
		if records++; records == 4 {
			time.AfterFunc(2*pollEvery, cancel)
		}
	}
	require.Equal(t, 4, records)
}

// Following ends with an error when the trace is rewound, after all that was recorded before.
func TestFollowRewound(t *testing.T) {
	events := simulate(30, tinyLayer())
	w, path := create(t)
	record(t, w, events[:21])
	require.NoError(t, w.Flush())
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	records := 0
	var last error
	for _, err := range r.Follow(t.Context()) {
		if last = err; err == nil {
			if records++; records == 23 {
				require.NoError(t, w.Close())
				w, err = AppendAfter(filepath.Dir(path), 10)
				require.NoError(t, err)
			}
		}
	}
	require.ErrorIs(t, last, ErrRewound)
	require.Equal(t, 23, records)
	require.NoError(t, w.Close())
}
