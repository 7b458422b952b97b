package dstee_test

import (
	"math"
	"sort"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// Normalized scores are what their definitions say, to rounding, keep the order, and have the same bits on both backends,
// on layers with ties, zeros of both signs, infinities and NaN, and scores of all sizes.
func TestNormalize(t *testing.T) {
	gradient := inGo(func(s *dstee.Signals) *Node { return s.Gradient })
	reference := map[string][]uint32{}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		raw := scorer(t, backend, gradient)
		for _, by := range []dstee.Normalization{dstee.ByRank, dstee.ByMax, dstee.ByStandardScore} {
			normalized := scorer(t, backend, gradient.Normalize(by))
			ordinary, _ := randomLayer(3, 2000)
			rough, _, _, _, _ := roughLayer(4, 2000)
			for name, state := range map[string]dstee.LayerState{"ordinary": ordinary, "rough": rough} {
				bits := normalized(state, 5)
				if reference[name+by.String()] == nil {
					reference[name+by.String()] = bits
				}
				require.Equal(t, reference[name+by.String()], bits, "%s %s", by, name)
				before, after := floats(raw(state, 5)), floats(bits)
				requireSameOrder(t, before, after)
				if name == "ordinary" {
					requireNormalized(t, by, before, after)
				}
			}
		}
	})
}

func floats(bits []uint32) []float32 {
	values := make([]float32, len(bits))
	for i, b := range bits {
		values[i] = math.Float32frombits(b)
	}
	return values
}

// requireSameOrder checks that no pair of finite scores has changed places.
func requireSameOrder(t *testing.T, before, after []float32) {
	t.Helper()
	var order []int
	for i, x := range before {
		if !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) {
			order = append(order, i)
		}
	}
	require.NotEmpty(t, order)
	sort.Slice(order, func(a, b int) bool { return flush(before[order[a]]) < flush(before[order[b]]) })
	for i := range order[1:] {
		x, y := order[i], order[i+1]
		require.LessOrEqual(t, after[x], after[y], "%g before %g", before[x], before[y])
		if flush(before[x]) == flush(before[y]) {
			require.Equal(t, after[x], after[y])
		}
	}
}

// requireNormalized checks the definitions, in float64.
func requireNormalized(t *testing.T, by dstee.Normalization, before, after []float32) {
	t.Helper()
	n := float64(len(before))
	largest, mean, square := 0.0, 0.0, 0.0
	for _, x := range before {
		largest = max(largest, math.Abs(float64(x)))
		mean += float64(x) / n
		square += float64(x) * float64(x) / n
	}
	deviation := math.Sqrt(square - mean*mean)
	for i, x := range before {
		switch by {
		case dstee.ByRank:
			lower, bucket := 0.0, 0.0
			for _, y := range before {
				same := math.Float32bits(x)>>16 == math.Float32bits(y)>>16
				if same {
					bucket++
				} else if y < x {
					lower++
				}
			}
			require.GreaterOrEqual(t, float64(after[i]), lower/n-1e-6)
			require.Less(t, float64(after[i]), (lower+bucket)/n+1e-6)
		case dstee.ByMax:
			require.InDelta(t, float64(x)/largest, after[i], 1e-6)
		case dstee.ByStandardScore:
			require.InDelta(t, (float64(x)-mean)/deviation, after[i], 1e-3)
		}
	}
}

// Ranks cost what a pass over the layer costs, on the backend whose sort takes seconds too.
func BenchmarkRank(b *testing.B) {
	for _, name := range []string{"xla", "go"} {
		b.Run(name, func(b *testing.B) {
			backend := backendtest.Get(b, name)
			grow := dstee.RigL().Normalize(dstee.ByRank)
			updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, dstee.OnHost)
			require.NoError(b, err)
			state, _ := randomLayer(1, 1_000_000)
			for b.Loop() {
				_, err := updater.GrowScores(state, 1, 1)
				require.NoError(b, err)
			}
		})
	}
}
