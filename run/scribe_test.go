package run

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Jobs are done in order, in the background, until one fails.
func TestScribe(t *testing.T) {
	s := newScribe()
	var done []int
	release := make(chan struct{})
	require.NoError(t, s.do(func() error { <-release; return nil }))
	for i := range 5 {
		require.NoError(t, s.do(func() error { done = append(done, i); return nil }))
	}
	require.Empty(t, done, "nobody waits for the first")
	close(release)
	require.NoError(t, s.close())
	require.Equal(t, []int{0, 1, 2, 3, 4}, done)

	failing := newScribe()
	full := errors.New("no space left")
	require.NoError(t, failing.do(func() error { return full }))
	require.Eventually(t, func() bool { return failing.err() != nil }, time.Minute, time.Millisecond)
	require.ErrorIs(t, failing.do(func() error { panic("not done") }), full)
	require.ErrorIs(t, failing.close(), full)
}
