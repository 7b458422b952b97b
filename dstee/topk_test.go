package dstee

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

// topKBySorting is the definition: sort by score, then by index, and take k.
func topKBySorting(scores []float32, eligible []bool, k int) []bool {
	rank := func(i int) float64 {
		if s := float64(scores[i]); s == s {
			return s
		}
		return math.Inf(-1)
	}
	var order []int
	for i, ok := range eligible {
		if ok {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case rank(a) > rank(b):
			return -1
		case rank(a) < rank(b):
			return 1
		}
		return 0
	})
	selected := make([]bool, len(scores))
	for _, i := range order[:min(k, len(order))] {
		selected[i] = true
	}
	return selected
}

// topKOfOne sets selected to the k highest scores among the eligible ones of one layer.
func topKOfOne(scores []float32, eligible []bool, k int, selected []bool) {
	c := &contest{scores: scores, open: bitsetOf(eligible), selected: newBitset(len(scores))}
	topKOnHost([]*contest{c}, k)
	c.selected.fill(selected)
}

// randomScores draws scores with many ties, zeros of both signs, and now and then infinities and NaNs.
func randomScores(rng *rand.Rand, n int) (scores []float32, eligible []bool) {
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)),
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.MaxFloat32}
	scores, eligible = make([]float32, n), make([]bool, n)
	for i := range scores {
		switch rng.IntN(4) {
		case 0:
			scores[i] = special[rng.IntN(len(special))]
		case 1:
			scores[i] = float32(rng.IntN(5) - 2)
		default:
			scores[i] = float32(rng.NormFloat64())
		}
		eligible[i] = rng.IntN(3) > 0
	}
	return scores, eligible
}

func TestTopKHostEqualsGraphEqualsSorting(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		graph := newExec(backend, topKGraph)
		rng := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{1, 2, 33, 1000} {
			for _, k := range []int{0, 1, n / 5, n / 2, n} {
				scores, eligible := randomScores(rng, n)
				want := topKBySorting(scores, eligible, k)

				host := make([]bool, n)
				topKOfOne(scores, eligible, k, host)
				require.Equal(t, want, host, "host, n=%d k=%d", n, k)

				selected, err := graph.Call1(tensors.FromFlatDataAndDimensions(scores, n), tensors.FromFlatDataAndDimensions(eligible, n), int32(k))
				require.NoError(t, err)
				require.Equal(t, want, tensors.MustCopyFlatData[bool](selected), "graph, n=%d k=%d", n, k)
			}
		}
	})
}

// XLA on CPU takes subnormal scores for zeros, the host does not: once they were ranked differently.
func TestTopKOfSubnormalScores(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		scores := []float32{0, math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1)), 1e-40, -1e-40, 2e-40}
		eligible := []bool{true, true, true, true, true, true}
		graph := newExec(backend, topKGraph)
		for k := range len(scores) {
			selected, err := graph.Call1(tensors.FromFlatDataAndDimensions(slices.Clone(scores), 6),
				tensors.FromFlatDataAndDimensions(slices.Clone(eligible), 6), int32(k))
			require.NoError(t, err)
			require.Equal(t, topKBySorting(scores, eligible, k), tensors.MustCopyFlatData[bool](selected), "k=%d", k)
		}
	})
}

func FuzzTopKOnHost(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(20))
	f.Fuzz(func(t *testing.T, seed uint64, n, k uint16) {
		rng := rand.New(rand.NewPCG(seed, 0))
		scores, eligible := randomScores(rng, int(n%2000)+1)
		selected := make([]bool, len(scores))
		topKOfOne(scores, eligible, int(k), selected)
		require.Equal(t, topKBySorting(scores, eligible, int(k)), selected)
	})
}

func FuzzHighest(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(20))
	f.Fuzz(func(t *testing.T, seed uint64, size, n uint16) {
		rng := rand.New(rand.NewPCG(seed, 0))
		keys := make([]uint64, size%500)
		for i := range keys {
			keys[i] = uint64(rng.IntN(4))<<32 | uint64(i)
		}
		if seed%2 == 0 {
			rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		}
		want := slices.Clone(keys)
		slices.Sort(want)
		slices.Reverse(want)
		got := slices.Clone(highest(keys, int(n)))
		slices.Sort(got)
		slices.Reverse(got)
		require.True(t, slices.Equal(want[:min(int(n), len(want))], got))
	})
}

// Bits and booleans are the same set, whatever the size.
func TestBitset(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for _, n := range []int{1, 7, 8, 63, 64, 65, 1000, chunkSize, 2*chunkSize + 13} {
		mask := make([]bool, n)
		for i := range mask {
			mask[i] = rng.IntN(3) == 0
		}
		set := bitsetOf(mask)
		back := make([]bool, n)
		set.fill(back)
		require.Equal(t, mask, back)
		require.Equal(t, countTrue(mask), set.count())
		require.Equal(t, n-countTrue(mask), set.others(n).count())
		require.Zero(t, set.without(set).count())
		for i, in := range mask {
			require.Equal(t, in, set.has(i))
		}
	}
}

// Large layers are cut into chunks: ties are taken in order across them.
func TestTopKAcrossChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	scores, eligible := randomScores(rng, 3*chunkSize+77)
	for _, k := range []int{1, 1000, chunkSize, 2 * chunkSize} {
		selected := make([]bool, len(scores))
		topKOfOne(scores, eligible, k, selected)
		require.True(t, slices.Equal(topKBySorting(scores, eligible, k), selected), "k=%d", k)
	}
}

// BenchmarkTopKOnHost selects a tenth of the weights; the copy of the scores is what the same memory costs at least.
//
//	go test ./dstee -run '^$' -bench TopKOnHost
func BenchmarkTopKOnHost(b *testing.B) {
	for _, n := range []int{100_000, 2_400_000, 20_000_000} {
		rng := rand.New(rand.NewPCG(1, 2))
		scores, eligible := make([]float32, n), make([]bool, n)
		for i := range scores {
			scores[i], eligible[i] = float32(rng.NormFloat64()), true
		}
		copied := make([]float32, n)
		b.Run(fmt.Sprintf("select/%d", n), func(b *testing.B) {
			for b.Loop() {
				topKOnHost([]*contest{{scores: scores, open: bitsetOf(eligible), selected: newBitset(n)}}, n/10)
			}
		})
		b.Run(fmt.Sprintf("copy/%d", n), func(b *testing.B) {
			for b.Loop() {
				copy(copied, scores)
			}
		})
	}
}
