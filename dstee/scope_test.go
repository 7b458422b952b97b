package dstee

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

func TestShareOut(t *testing.T) {
	for _, test := range []struct {
		name        string
		total       int
		weights     []float64
		least, most []int
		want        []int
	}{
		{"in proportion", 10, []float64{1, 3, 1}, []int{0, 0, 0}, []int{9, 9, 9}, []int{2, 6, 2}},
		{"largest remainder", 10, []float64{1, 1, 1}, []int{0, 0, 0}, []int{9, 9, 9}, []int{4, 3, 3}},
		{"what is over goes to others", 10, []float64{8, 1, 1}, []int{0, 0, 0}, []int{3, 9, 9}, []int{3, 4, 3}},
		{"and again", 10, []float64{8, 1, 1}, []int{0, 0, 0}, []int{3, 2, 9}, []int{3, 2, 5}},
		{"nothing has a weight", 5, []float64{0, 0}, []int{0, 0}, []int{9, 9}, []int{3, 2}},
		{"those with a weight are full", 6, []float64{1, 0, 0}, []int{0, 0, 0}, []int{1, 3, 3}, []int{1, 3, 2}},
		{"at least", 5, []float64{1, 0}, []int{0, 1}, []int{9, 9}, []int{4, 1}},
		{"nothing to share", 0, []float64{1, 2}, []int{0, 0}, []int{9, 9}, []int{0, 0}},
		{"all full", 4, []float64{1, 1}, []int{0, 0}, []int{1, 3}, []int{1, 3}},
	} {
		require.Equal(t, test.want, shareOut(test.total, test.weights, test.least, test.most), test.name)
	}
}

func FuzzShareOut(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint16(100))
	f.Fuzz(func(t *testing.T, seed uint64, layers uint8, total uint16) {
		rng := rand.New(rand.NewPCG(seed, 0))
		n := int(layers%20) + 1
		weights, least, most := make([]float64, n), make([]int, n), make([]int, n)
		low, high := 0, 0
		for i := range n {
			weights[i] = []float64{0, 1e-300, rng.Float64(), 1e300 * rng.Float64() / 20}[rng.IntN(4)]
			least[i] = rng.IntN(2)
			most[i] = least[i] + rng.IntN(100)
			low, high = low+least[i], high+most[i]
		}
		want := min(max(int(total), low), high)
		sum := 0
		for i, share := range shareOut(want, weights, least, most) {
			require.GreaterOrEqual(t, share, least[i])
			require.LessOrEqual(t, share, most[i])
			sum += share
		}
		require.Equal(t, want, sum)
	})
}

// testMoving draws layers of the given sizes, a fifth of their weights active, with ties.
func testMoving(u *Updater, seed uint64, sizes ...int) []*moving {
	layers := make([]*moving, len(sizes))
	for i, n := range sizes {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		w, g, mask, visits := make([]float32, n), make([]float32, n), make([]bool, n), make([]int32, n)
		l := &moving{path: fmt.Sprint(i), updater: u, step: 10}
		for j := range n {
			g[j] = float32(rng.IntN(200)-100) / 1e4 * float32(i+1)
			if mask[j] = j%5 == 0; mask[j] {
				w[j] = float32(rng.IntN(40)-20) / 16 * float32(i+1)
				l.active++
			}
		}
		l.target = l.active
		l.state = LayerState{
			Weight:   tensors.FromFlatDataAndDimensions(w, 1, n),
			Gradient: tensors.FromFlatDataAndDimensions(g, 1, n),
			Mask:     tensors.FromFlatDataAndDimensions(mask, 1, n),
			Visits:   tensors.FromFlatDataAndDimensions(visits, 1, n),
		}
		var err error
		if l.layout, err = Unstructured().layout([]int{1, n}); err != nil {
			panic(err)
		}
		if err := u.selector.start(l); err != nil {
			panic(err)
		}
		layers[i] = l
	}
	return layers
}

// Totals are exact, no layer dies, and both places and backends choose the same, for every scope.
func TestScopesHostEqualsDeviceXLAEqualsGo(t *testing.T) {
	momentum := Acquisition{Name: "size of gradient", Score: func(s *Signals) *Node { return Abs(s.Gradient) }}
	for name, scope := range map[string]scope{
		"drop":                  {dropGlobally: true},
		"grow":                  {growGlobally: true},
		"both":                  {dropGlobally: true, growGlobally: true},
		"redistribute":          {redistribute: &momentum},
		"drop and redistribute": {dropGlobally: true, redistribute: &momentum},
	} {
		t.Run(name, func(t *testing.T) {
			reference := map[string][][]bool{}
			backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
				for _, place := range []Place{OnHost, OnDevice} {
					u, err := NewUpdater(backend, Magnitude(), RigL(), place)
					require.NoError(t, err)
					rank, err := NewUpdater(backend, momentum, momentum, place)
					require.NoError(t, err)
					for _, fraction := range []float64{0, 0.3, 1} {
						for _, change := range []int{0, -40, 30} {
							layers := testMoving(u, 3, 500, 5, 90, 200)
							layers[0].target += change
							require.NoError(t, scope.compete(u.selector, layers, fraction, rank))
							masks, total := make([][]bool, len(layers)), 0
							for i, l := range layers {
								move, err := l.move(u.selector)
								require.NoError(t, err)
								masks[i] = tensors.MustCopyFlatData[bool](move.Mask)
								require.Positive(t, countTrue(masks[i]))
								require.Equal(t, l.active-move.Dropped+move.Grown, countTrue(masks[i]))
								total += countTrue(masks[i])
							}
							require.Equal(t, 159+change, total)
							key := fmt.Sprint(fraction, change)
							if reference[key] == nil {
								reference[key] = masks
							}
							require.Equal(t, reference[key], masks, "%s on %s", key, place)
						}
					}
				}
			})
		})
	}
}

// Selecting over all layers is selecting over their concatenation, but that each layer has its best.
func TestGlobalDropIsThatOfTheConcatenation(t *testing.T) {
	u, err := NewUpdater(backendtest.One(t), Magnitude(), RigL(), OnHost)
	require.NoError(t, err)
	layers := testMoving(u, 4, 100, 300, 50)
	var scores []float32
	var active []bool
	for _, l := range layers {
		for _, w := range tensors.MustCopyFlatData[float32](l.state.Weight) {
			scores = append(scores, float32(math.Abs(float64(w))))
		}
		active = append(active, tensors.MustCopyFlatData[bool](l.state.Mask)...)
	}
	require.NoError(t, u.selector.keep(layers, 45))
	var kept []bool
	for _, l := range layers {
		mask, err := u.selector.tensor(l, l.kept)
		require.NoError(t, err)
		kept = append(kept, tensors.MustCopyFlatData[bool](mask)...)
	}
	require.Equal(t, topKBySorting(scores, active, 45), kept)

	require.NoError(t, u.selector.keep(layers, 3))
	for _, l := range layers {
		require.Equal(t, 1, l.numKept, "each layer keeps its best")
	}
}

// Sums are exact to the last bit, in any order and place, and NaN where a score is not finite.
func TestSums(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		graph := newExec(backend, sumGraph)
		rng := rand.New(rand.NewPCG(5, 6))
		for _, special := range []float32{0, 1e30, 1e-30, 1e-42, float32(math.NaN()), float32(math.Inf(-1))} {
			const n = 70_000
			scores, mask, want := make([]float32, n), make([]bool, n), 0.0
			for i := range scores {
				scores[i] = float32(rng.NormFloat64())
				mask[i] = rng.IntN(3) == 0
			}
			scores[7], mask[7] = special, true
			for i, score := range scores {
				if mask[i] {
					want += float64(score)
				}
			}
			onHost := sumOnHost(scores, bitsetOf(mask))
			total, largest, err := graph.Call2(tensors.FromFlatDataAndDimensions(slices.Clone(scores), 7, n/7), tensors.FromFlatDataAndDimensions(mask, 7, n/7))
			require.NoError(t, err)
			onDevice := scaledSum(tensors.ToScalar[int64](total), tensors.ToScalar[uint32](largest), n)
			require.Equal(t, math.Float64bits(onHost), math.Float64bits(onDevice))
			if special == special && !math.IsInf(float64(special), 0) {
				require.InEpsilon(t, want, onHost, 1e-7)
			} else {
				require.True(t, math.IsNaN(onHost))
			}
		}
	})
}
