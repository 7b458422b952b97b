package views

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

// BenchmarkLive is what a refresh of the live panel costs after each of the updates of a run of 300,200 weights, reading
// included. Twice a second it is to cost less than 5% of a training's time: 25 ms.
func BenchmarkLive(b *testing.B) {
	const rounds = 30
	dir := b.TempDir()
	w, err := trace.Create(dir, nil)
	require.NoError(b, err)
	s := newSynthetic(large)
	require.NoError(b, w.Update(trace.Update{}, s.first()...))
	r, err := Open(dir)
	require.NoError(b, err)
	defer r.Close()
	for round := 1; round <= rounds; round++ { // So that there is something to draw.
		s.round(b, w, round)
	}
	for round := rounds + 1; b.Loop(); round++ {
		b.StopTimer()
		s.round(b, w, round)
		require.NoError(b, w.Flush())
		b.StartTimer()
		news, err := r.Refresh()
		if err != nil || !news {
			b.Fatal(news, err)
		}
		f, err := Live(r, "")
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(f.HTML())), "bytes")
	}
}
