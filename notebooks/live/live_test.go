package live

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/views"
)

// opened is a new run of so many steps, each a short one.
func opened(t testing.TB, steps int) *run.Run { return openedOn(t, backendtest.One(t), steps, 8) }

func openedOn(t testing.TB, backend compute.Backend, steps, batch int) *run.Run {
	t.Helper()
	spec := run.Default()
	spec.Width, spec.Steps, spec.DeltaT, spec.Batch = 1./8, steps, 100, batch
	r, err := run.Open(filepath.Join(t.TempDir(), "run"), spec)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r.On(backend)
}

// What is shown last is how the run stands at the end, and the next training goes on there.
func TestTrain(t *testing.T) {
	r := opened(t, 300)
	var shown []*views.Figure
	draw := func(f *views.Figure) { shown = append(shown, f) }
	said, err := train(context.Background(), r, 200, "", draw)
	require.NoError(t, err)
	require.Contains(t, said, "At step 200 of 300")
	require.Contains(t, said, "of the test images right")
	require.Contains(t, shown[len(shown)-1].Alt, "step 200 of 300")
	said, err = train(context.Background(), r, 0, "", draw)
	require.NoError(t, err)
	require.Contains(t, said, "At step 300 of 300")
	require.Contains(t, shown[len(shown)-1].Alt, "step 300 of 300")

	again, err := run.Load(r.Dir()) // As a cell does that is run once more.
	require.NoError(t, err)
	shown = nil
	saidAgain, err := train(context.Background(), again, 0, "", draw)
	require.NoError(t, err)
	require.Equal(t, said, saidAgain)
	require.Len(t, shown, 1)
}

// Stopping saves, is no error, and takes a moment: much less than the steps that are left.
func TestStop(t *testing.T) {
	r := opened(t, 1_000_000)
	ctx, stop := context.WithCancel(context.Background())
	var once sync.Once
	var at time.Time
	said, err := train(ctx, r, 0, "", func(*views.Figure) { once.Do(func() { at = time.Now(); stop() }) })
	require.NoError(t, err)
	require.Less(t, time.Since(at), time.Minute)
	require.True(t, strings.HasPrefix(said, "Stopped at step "), said)
	state, err := r.State()
	require.NoError(t, err)
	require.Equal(t, run.StatusStopped, state.Status)
	require.Positive(t, state.Step)
	checkpoints, err := r.Checkpoints()
	require.NoError(t, err)
	require.NoError(t, checkpoints[len(checkpoints)-1].Err)
	require.Equal(t, state.Step, checkpoints[len(checkpoints)-1].Step)
}

// A stop before the first step ends training after it.
func TestStopAtOnce(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	said, err := train(ctx, opened(t, 500), 0, "", func(*views.Figure) {})
	require.NoError(t, err)
	require.Contains(t, said, "Stopped at step 1 of 500")
}

// The panel of a layer that is not there ends the training soon, says which there are, and loses nothing.
func TestUnknownLayer(t *testing.T) {
	r := opened(t, 1_000_000)
	_, err := train(context.Background(), r, 0, "/nowhere", func(*views.Figure) {}) // There may be pictures before there are masks.
	require.ErrorContains(t, err, `no sparse layer "/nowhere": there are [`)
	require.ErrorContains(t, err, "is saved in "+r.Dir())
	state, err := r.State()
	require.NoError(t, err)
	require.Equal(t, run.StatusStopped, state.Status)
}

// A run that somebody else trains is shown until its end; one that nobody does, not for ever.
func TestWatch(t *testing.T) {
	r := opened(t, 400)
	var training sync.WaitGroup
	training.Go(func() {
		_, err := r.Train(context.Background(), 0)
		require.NoError(t, err)
	})
	var shown []*views.Figure
	require.NoError(t, watch(context.Background(), r.Dir(), "", func(f *views.Figure) { shown = append(shown, f) }))
	training.Wait()
	require.Contains(t, shown[len(shown)-1].Alt, "step 400 of 400")
	require.NoError(t, Watch(filepath.Join(t.TempDir(), "nothing"), 50*time.Millisecond, ""))
	require.NoError(t, Watch(r.Dir(), time.Minute, ""))
	require.LessOrEqual(t, interval, 500*time.Millisecond)
}
