package interchange

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Packing visits is undone by unpacking, for whatever visits.
func FuzzVisits(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 200, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		visits := make([]int32, len(data))
		for i, b := range data {
			visits[i] = int32(b&0x7F) << (b >> 7 * 20)
		}
		gaps, counts := packVisits(visits)
		got := make([]int32, len(visits))
		require.NoError(t, unpackVisits(gaps, counts, got))
		require.Equal(t, visits, got)
		_ = unpackVisits(deflate(data), deflate(data), got) // An error, or numbers in range.
	})
}

// BenchmarkVisits packs the visits of a million weights at 98% sparsity, after some updates that grow at random and drop
// from the younger half, by the default drop fractions. It reports which share was explored, and the packed bytes per byte
// of dense float32 weights.
func BenchmarkVisits(b *testing.B) {
	const size, active = 1_000_000, 20_000
	for _, updates := range []int{20, 60, 200} {
		b.Run(fmt.Sprintf("updates=%d", updates), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			mask, visits := make([]bool, size), make([]int32, size)
			var chosen []int // The active weights, the oldest first.
			for update := range updates + 1 {
				if update > 0 {
					fraction := 0.005 + 0.495*(1+math.Cos(math.Pi*float64(update)/float64(updates)))/2
					younger := chosen[active/2:]
					rng.Shuffle(len(younger), func(i, j int) { younger[i], younger[j] = younger[j], younger[i] })
					keep := active - int(fraction*active)
					for _, i := range chosen[keep:] {
						mask[i] = false
					}
					chosen = chosen[:keep]
				}
				for len(chosen) < active {
					if i := rng.IntN(size); !mask[i] {
						mask[i] = true
						chosen = append(chosen, i)
					}
				}
				for _, i := range chosen {
					visits[i]++
				}
			}
			explored := 0
			for _, n := range visits {
				explored += int(min(n, 1))
			}
			var gaps, counts []byte
			for b.Loop() {
				gaps, counts = packVisits(visits)
			}
			b.ReportMetric(100*float64(explored)/size, "explored%")
			b.ReportMetric(100*float64(len(gaps)+len(counts))/(4*size), "dense%")
		})
	}
}
