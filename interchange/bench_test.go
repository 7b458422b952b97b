package interchange_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/interchange"
)

// BenchmarkExport exports a million weights at 98% sparsity, after some mask updates that grow at random and drop from the
// younger half, by the default drop fractions. It reports the share of weights explored, and the bytes of the file and of
// the visits in it per byte of dense float32 weights.
func BenchmarkExport(b *testing.B) {
	const size, active = 1_000_000, 20_000
	for _, updates := range []int{20, 60, 200} {
		b.Run(fmt.Sprintf("updates=%d", updates), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			weight, mask, visits := make([]float32, size), make([]bool, size), make([]int32, size)
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
			for i, n := range visits {
				explored += int(min(n, 1))
				if mask[i] {
					weight[i] = float32(rng.NormFloat64())
				}
			}
			store := layerStore(b, weight, mask, visits)
			path := filepath.Join(b.TempDir(), "model.safetensors")
			share := func(options interchange.Options) float64 {
				require.NoError(b, interchange.Export(store, path, options))
				info, err := os.Stat(path)
				require.NoError(b, err)
				return 100 * float64(info.Size()) / (4 * size)
			}
			without, with := share(interchange.Options{NoVisits: true}), 0.0
			for b.Loop() {
				with = share(interchange.Options{})
			}
			b.ReportMetric(100*float64(explored)/size, "explored%")
			b.ReportMetric(with, "file%")
			b.ReportMetric(with-without, "visits%")
		})
	}
}
