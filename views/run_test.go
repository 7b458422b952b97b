package views

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

// A run that is read piece by piece while it is recorded is the same as one that is read at once.
func TestRefresh(t *testing.T) {
	dir := t.TempDir()
	w, err := trace.Create(dir, map[string]any{"steps": 500})
	require.NoError(t, err)
	r, err := Open(dir)
	require.NoError(t, err)
	defer r.Close()
	s := newSynthetic(small)
	require.NoError(t, w.Update(trace.Update{}, s.first()...))
	for round := 1; round <= 5; round++ {
		s.round(t, w, round)
		require.NoError(t, w.Flush())
		news, err := r.Refresh()
		require.NoError(t, err)
		require.True(t, news)
		_, err = r.lastMove("/first/weights")
		require.NoError(t, err)
		news, err = r.Refresh()
		require.NoError(t, err)
		require.False(t, news)
	}
	require.NoError(t, w.Close())
	whole, err := Open(dir)
	require.NoError(t, err)
	defer whole.Close()
	require.Equal(t, whole.Steps, r.Steps)
	require.Equal(t, whole.Updates, r.Updates)
	require.Equal(t, 500, r.Planned())
	for _, v := range all {
		want, err := v.draw(whole)
		require.NoError(t, err)
		got, err := v.draw(r)
		require.NoError(t, err)
		require.Equal(t, want.HTML(), got.HTML(), v.name)
	}
}

// A run that was rewound is read anew, and keeps its name.
func TestRefreshAfterRewind(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, small, 4)
	r, err := Open(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	r.Name = "mine"
	_, err = r.lastMove("/first/weights")
	require.NoError(t, err)
	w, err := trace.AppendAfter(dir, 200)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	news, err := r.Refresh()
	require.NoError(t, err)
	require.True(t, news)
	require.Equal(t, 200, last(r.Steps).Step)
	require.Equal(t, "mine", r.Name)
	_, err = Live(r, "")
	require.NoError(t, err)
}

// Of a damaged trace there is what comes before the damage.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, small, 4)
	path := filepath.Join(dir, trace.FileName)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o644))
	r, err := Open(dir)
	require.NoError(t, err)
	defer r.Close()
	require.NotNil(t, r.Damage)
	require.NotEmpty(t, r.Steps)
	figures, err := Figures(Group{Name: "damaged", Runs: []*Run{r}})
	require.NoError(t, err)
	require.NotEmpty(t, figures)
	news, err := r.Refresh()
	require.NoError(t, err)
	require.False(t, news)
}

func TestOpenWhatIsNotThere(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Watch waits for a run to begin, shows it as it goes on, and ends with it.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	done, seen := make(chan error, 1), make(chan struct{}, 100)
	go func() {
		time.Sleep(30 * time.Millisecond)
		w, err := trace.Create(dir, map[string]any{"steps": 300})
		if err == nil {
			err = w.Flush()
		}
		s := newSynthetic(small)
		if err == nil {
			err = w.Update(trace.Update{}, s.first()...)
		}
		for round := 1; round <= 3 && err == nil; round++ {
			s.round(t, w, round)
			err = w.Flush()
			<-seen
		}
		done <- errors.Join(err, w.Close())
	}()
	shown := 0
	require.NoError(t, Watch(t.Context(), dir, time.Millisecond, func(r *Run) error {
		shown++
		seen <- struct{}{}
		require.NotEmpty(t, Text(r, 80))
		_, err := Live(r, "")
		return err
	}))
	require.NoError(t, <-done)
	require.GreaterOrEqual(t, shown, 3)
}

func TestWatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, Watch(ctx, filepath.Join(t.TempDir(), "never"), time.Millisecond, func(*Run) error { return nil }))
	dir := t.TempDir()
	record(t, dir, small, 1)
	stop := errors.New("stop")
	require.ErrorIs(t, Watch(t.Context(), dir, time.Millisecond, func(*Run) error { return stop }), stop)
	file := filepath.Join(dir, "other")
	require.NoError(t, os.WriteFile(file, []byte("{}\n"), 0o644))
	require.ErrorIs(t, Watch(t.Context(), file, time.Millisecond, func(*Run) error { return nil }), trace.ErrForeign)
}
