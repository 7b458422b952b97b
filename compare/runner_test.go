package compare

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// A comparison that was stopped and continued gives what an uninterrupted one gives, and so does one that runs two cells at
// once.
func TestRunnerContinues(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		cells := smallCells(t)[1:5] // Two sparse ones, the dense one of the next seed, and a static one.
		runner := func(dir string) Runner {
			r := newRunner(t, dir, run.Train)
			r.Backend = backend
			return r
		}
		whole, err := runner(t.TempDir()).Run(t.Context(), cells)
		require.NoError(t, err)
		require.Len(t, whole, len(cells))

		stopped := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		r := runner(stopped)
		r.Observer.Done = func(_ Result, done, left int) {
			require.Equal(t, len(cells), done+left)
			if done == 2 {
				cancel()
			}
		}
		_, err = r.Run(ctx, cells)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "stopped with 2 of 4 runs done")

		r = runner(stopped)
		r.Jobs = 2
		kept := -1
		r.Observer.Start = func(n int, _ []Cell) { kept = n }
		continued, err := r.Run(t.Context(), cells)
		require.NoError(t, err)
		require.Equal(t, 2, kept)
		require.Equal(t, withoutTimes(whole), withoutTimes(continued))

		again, err := runner(stopped).Run(t.Context(), cells)
		require.NoError(t, err)
		require.Equal(t, continued, again, "what was read is what was trained, times and all")
	})
}

// withoutTimes are results as far as they do not depend on the machine's load.
func withoutTimes(results []Result) []run.Summary {
	var summaries []run.Summary
	for _, r := range results {
		s := *r.Summary
		s.Seconds, s.SecondsPerStep = 0, 0
		summaries = append(summaries, s)
	}
	return summaries
}

// Jobs are how many cells run at once, and the results are in the order of the cells whichever finishes first.
func TestRunnerJobs(t *testing.T) {
	cells := smallCells(t)
	want, err := newRunner(t, t.TempDir(), fakeTrain).Run(t.Context(), cells)
	require.NoError(t, err)

	synctest.Test(t, func(t *testing.T) { // Where sleep ends when all sleep.
		var running atomic.Int32
		seen := make(chan int32, len(cells))
		r := newRunner(t, t.TempDir(), func(ctx context.Context, b compute.Backend, spec run.Spec,
			o run.Observer) (*run.Summary, error) {
			seen <- running.Add(1)
			defer running.Add(-1)
			time.Sleep(time.Duration(10-5*spec.Seed) * time.Millisecond) // The later, the sooner done.
			return fakeTrain(ctx, b, spec, o)
		})
		r.Jobs = 3
		steps := 0
		r.Observer.Step = func() { steps++ }
		got, err := r.Run(t.Context(), cells)
		require.NoError(t, err)
		require.Equal(t, want, got)
		close(seen)
		most := int32(0)
		for n := range seen {
			most = max(most, n)
		}
		require.Equal(t, int32(3), most)
		require.Equal(t, 12*len(cells), steps)
	})

	r := newRunner(t, t.TempDir(), fakeTrain)
	r.Jobs = 0
	_, err = r.Run(t.Context(), cells)
	require.ErrorContains(t, err, "jobs must be at least 1, got 0")
}

// When cells fail the others are trained and kept, and the error names those that failed.
func TestRunnerOfFailingCells(t *testing.T) {
	cells := smallCells(t)
	failing := func(ctx context.Context, b compute.Backend, spec run.Spec,
		o run.Observer) (*run.Summary, error) {
		if spec.Method == run.Static {
			return nil, errors.New("no luck")
		}
		return fakeTrain(ctx, b, spec, o)
	}
	dir := t.TempDir()
	_, err := newRunner(t, dir, failing).Run(t.Context(), cells)
	require.EqualError(t, err, "static, 90% sparse, seed 0: no luck\nstatic, 90% sparse, seed 1: no luck")
	r := newRunner(t, dir, fakeTrain)
	r.Observer.Start = func(kept int, train []Cell) { require.Equal(t, []int{5, 2}, []int{kept, len(train)}) }
	_, err = r.Run(t.Context(), cells)
	require.NoError(t, err)
}

// Data that are missing are told of once, not cell by cell; a comparison that has all of its results needs none.
func TestRunnerWithoutData(t *testing.T) {
	cells, dir := smallCells(t), t.TempDir()
	cells[1].Spec.DataDir = "/elsewhere"
	r := newRunner(t, dir, fakeTrain)
	var fetched []string
	r.Fetch = func(_ context.Context, spec run.Spec) error {
		fetched = append(fetched, spec.DataDir)
		return nil
	}
	_, err := r.Run(t.Context(), cells)
	require.NoError(t, err)
	require.Equal(t, []string{"", "/elsewhere"}, fetched)

	r.Fetch = func(context.Context, run.Spec) error { return errors.New("no data") }
	_, err = r.Run(t.Context(), cells)
	require.NoError(t, err)
	r.Folder, err = OpenFolder(t.TempDir(), "the backend", "this build")
	require.NoError(t, err)
	_, err = r.Run(t.Context(), cells)
	require.EqualError(t, err, "no data")
}

// Where results cannot be kept, training stops.
func TestRunnerWithoutSpace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	trained := 0
	r := newRunner(t, dir, func(ctx context.Context, b compute.Backend, spec run.Spec,
		o run.Observer) (*run.Summary, error) {
		trained++
		require.NoError(t, os.RemoveAll(dir))
		return fakeTrain(ctx, b, spec, o)
	})
	_, err := r.Run(t.Context(), smallCells(t))
	require.ErrorContains(t, err, "dense, seed 0: writing "+dir)
	require.LessOrEqual(t, trained, 2) // The next one may have been handed out already.
}

func TestRunnerSetsDamagedFilesAside(t *testing.T) {
	cells, dir := smallCells(t), t.TempDir()
	r := newRunner(t, dir, fakeTrain)
	want, err := r.Run(t.Context(), cells)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(r.Folder.path(cells[1]), []byte("{"), 0o644))
	var notes []string
	r.Observer.Note = func(text string) { notes = append(notes, text) }
	got, err := r.Run(t.Context(), cells)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Len(t, notes, 1)
	aside := r.Folder.path(cells[1]) + ".damaged"
	require.Contains(t, notes[0], "damaged or foreign: unexpected end of JSON input; it is now "+aside)
	require.FileExists(t, aside)
}

func TestRunnerOfAnotherBuild(t *testing.T) {
	cells, dir := smallCells(t), t.TempDir()
	_, err := newRunner(t, dir, fakeTrain).Run(t.Context(), cells)
	require.NoError(t, err)
	r := newRunner(t, dir, fakeTrain)
	r.Folder.build = "another"
	var notes []string
	r.Observer.Note = func(text string) { notes = append(notes, text) }
	r.Observer.Start = func(kept int, train []Cell) { require.Len(t, train, len(cells)) }
	_, err = r.Run(t.Context(), cells)
	require.NoError(t, err)
	require.Contains(t, strings.Join(notes, "\n"), "7 results are of another build of this program")
	r.Observer.Start = func(kept int, train []Cell) { require.Empty(t, train) }
	_, err = r.Run(t.Context(), cells)
	require.NoError(t, err)
}
