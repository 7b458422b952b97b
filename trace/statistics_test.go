package trace

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

var inf, nan = float32(math.Inf(1)), float32(math.NaN())

// Numbers that JSON does not have survive it, and all others keep their bits.
func TestNumbers(t *testing.T) {
	want := Float32s{0, float32(math.Copysign(0, -1)), 0.1, math.MaxFloat32, math.SmallestNonzeroFloat32, inf, -inf, nan}
	data, err := json.Marshal(want)
	require.NoError(t, err)
	require.Equal(t, `[0,-0,0.1,3.4028235e+38,1e-45,"Infinity","-Infinity","NaN"]`, string(data))
	var got Float32s
	require.NoError(t, json.Unmarshal(data, &got))
	for i := range want {
		require.Equal(t, math.Float32bits(want[i]), math.Float32bits(got[i]))
	}
	scalars := Scalars{"b": math.Inf(-1), "a": 0.1, "√": math.Pi, "c": math.NaN()}
	data, err = json.Marshal(scalars)
	require.NoError(t, err)
	require.Equal(t, `{"a":0.1,"b":"-Infinity","c":"NaN","√":3.141592653589793}`, string(data))
	var read Scalars
	require.NoError(t, json.Unmarshal(data, &read))
	require.True(t, math.IsNaN(read["c"]))
	delete(read, "c")
	delete(scalars, "c")
	require.Equal(t, scalars, read)
	for _, bad := range []string{`["nan"]`, `["1"]`, `[true]`, `[null]`, `[[1]]`, `[1e39]`, `{}`} {
		require.Error(t, json.Unmarshal([]byte(bad), &got), bad)
	}
}

func TestQuantiles(t *testing.T) {
	require.Equal(t, Float32s{1, 1, 3, 5, 5}, quantiles([]float32{5, 1, 4, 2, 3}, []float32{0, 0.2, 0.6, 0.81, 1}))
	require.Equal(t, Float32s{7, 7}, quantiles([]float32{7}, []float32{0, 1}))
	require.Equal(t, Float32s{-inf, inf}, quantiles([]float32{inf, 0, -inf}, []float32{0, 1}))
	require.Equal(t, Float32s{2}, quantiles([]float32{nan, 2, nan, 3}, []float32{0.75}))
}

// Every value is in the bin between whose edges it lies, whatever the values are.
func TestHistograms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	heavy := func() float32 { return float32(math.Exp(3*rng.NormFloat64()) * rng.NormFloat64()) }
	for _, test := range []struct {
		name  string
		value func() float32
	}{
		{"normal", func() float32 { return float32(rng.NormFloat64()) }},
		{"heavy tails", heavy},
		{"few values", func() float32 { return float32(rng.IntN(4)) }},
		{"one value", func() float32 { return 3 }},
		{"two values", func() float32 { return float32(rng.IntN(2)) }},
		{"mostly zero", func() float32 { return float32(rng.IntN(1000)/999) * heavy() }},
		{"subnormal", func() float32 { return float32(rng.IntN(100)) * math.SmallestNonzeroFloat32 }},
		{"the whole range", func() float32 { return math.Float32frombits(rng.Uint32()) }},
		{"large", func() float32 { return math.MaxFloat32 * float32(rng.IntN(3)-1) }},
		{"close", func() float32 { return 1 + float32(rng.IntN(5))*0x1p-23 }},
		{"not finite", func() float32 { return []float32{nan, inf, -inf, 1}[rng.IntN(4)] }},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 20 {
				values := make([]float32, 1+rng.IntN(3000))
				mask := make([]bool, len(values))
				for i := range values {
					values[i], mask[i] = test.value(), rng.IntN(10) == 0
				}
				checkHistograms(t, newHistograms(values, bitset.OfBools(mask), newRandom("/w", 1)), values, mask)
				for i := range values {
					if !mask[i] {
						values[i] = 0
					}
				}
				h := newHistograms(values, bitset.OfBools(mask), newRandom("/w", 1))
				if h != nil {
					require.Nil(t, h.Inactive)
					checkHistograms(t, h, values, mask)
				}
			}
		})
	}
	require.Nil(t, newHistograms(nil, nil, nil))
	require.Nil(t, newHistograms(make([]float32, 9), bitset.New(9), newRandom("/w", 1)))
	require.Equal(t, &Histograms{Edges: Float32s{}, Active: []int{}, NonFinite: 1},
		newHistograms([]float32{nan}, bitset.OfBools([]bool{true}), newRandom("/w", 1)))
}

func checkHistograms(t *testing.T, h *Histograms, values []float32, mask []bool) {
	t.Helper()
	if len(h.Edges) == 0 {
		require.Positive(t, h.NonFinite)
		return
	}
	active, inactive := make([]int, len(h.Edges)-1), make([]int, len(h.Edges)-1)
	nonFinite := 0
	for i, value := range values {
		if !mask[i] && h.Inactive == nil {
			continue
		}
		if !finite(value) {
			nonFinite++
			continue
		}
		bin, found := slices.BinarySearch(h.Edges, value)
		if !found || bin == len(active) {
			bin--
		}
		if len(active) == 1 {
			bin = 0 // Both edges may be equal.
		}
		require.GreaterOrEqual(t, bin, 0)
		if mask[i] {
			active[bin]++
		} else {
			inactive[bin]++
		}
	}
	require.Equal(t, active, h.Active)
	require.Equal(t, nonFinite, h.NonFinite)
	if h.Inactive != nil {
		require.Equal(t, inactive, h.Inactive)
	}
	if len(active) > 1 {
		require.True(t, slices.IsSortedFunc(h.Edges, func(a, b float32) int {
			if a < b {
				return -1
			}
			return 1
		}))
	}
}

// Visits are counted exactly below 16, and all of them are.
func TestVisitCounts(t *testing.T) {
	visits := []int32{0, 0, 1, 14, 15, 16, 31, 1000, math.MaxInt32}
	mask := []bool{false, true, false, true, true, false, true, true, true}
	v, explored, err := countVisits(visits, mask)
	require.NoError(t, err)
	require.Equal(t, 8, explored)
	require.Equal(t, len(v.Counts)+1, len(v.Edges))
	counts := make([]int, len(v.Counts))
	for i, n := range visits {
		n := int(n) + int(bitset.Bit(mask[i]))
		bin, found := slices.BinarySearch(v.Edges, n)
		if !found {
			bin--
		}
		counts[bin]++
	}
	require.Equal(t, counts, v.Counts)
	require.Equal(t, []int{0, 1, 2}, v.Edges[:3])
	require.Equal(t, []int{15, 16, 32}, v.Edges[15:18])

	first, explored, err := countVisits(nil, []bool{true, false, true})
	require.NoError(t, err)
	require.Equal(t, VisitCounts{Edges: []int{0, 1, 2}, Counts: []int{1, 2}}, *first)
	require.Equal(t, 2, explored)
}

// A sample is of the right size, in order, without repetition, and of what it is to be of; all are as likely.
func TestSample(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	drawn := make([]int, 1000)
	mask := make([]bool, len(drawn))
	for i := range mask {
		mask[i] = rng.IntN(3) == 0
	}
	b := bitset.OfBools(mask)
	for range 2000 {
		drawing := sample(b, 50, rng)
		require.Len(t, drawing, 50)
		require.True(t, slices.IsSorted(drawing))
		require.Len(t, slices.Compact(slices.Clone(drawing)), 50)
		for _, i := range drawing {
			require.True(t, mask[i])
			drawn[i]++
		}
	}
	expected := 2000 * 50 / float64(b.Count())
	for i, n := range drawn {
		if mask[i] {
			require.InDelta(t, expected, n, 7*math.Sqrt(expected))
		}
	}
	require.Len(t, sample(b, 5000, rng), b.Count())
	require.Empty(t, sample(bitset.New(100), 5, rng))
	require.Empty(t, sample(b, 0, rng))
}

// Masks of all sizes survive packing and compression, whole and as a difference.
func TestPackedMasks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var c compressor
	for _, n := range []int{1, 7, 8, 9, 63, 64, 65, 1000, 4099} {
		mask, before := make([]bool, n), make([]bool, n)
		for i := range mask {
			mask[i], before[i] = rng.IntN(5) == 0, rng.IntN(5) == 0
		}
		b, old := bitset.OfBools(mask), bitset.OfBools(before)
		whole := PackedMask{Zlib: c.compress(b, n)}
		got, err := whole.decode(n, nil)
		require.NoError(t, err)
		require.Equal(t, b, got)
		difference := PackedMask{Base: baseBefore, Zlib: c.compress(b.Xor(old), n)}
		got, err = difference.decode(n, old)
		require.NoError(t, err)
		require.Equal(t, b, got)

		_, err = difference.decode(n, nil)
		require.ErrorContains(t, err, "there is none")
		_, err = whole.decode(n+8, nil)
		require.ErrorContains(t, err, "one bit for each of")
		_, err = whole.decode(max(n-8, 0), nil)
		require.ErrorContains(t, err, "one bit for each of")
	}
	_, err := (&PackedMask{Zlib: []byte("plain")}).decode(8, nil)
	require.ErrorContains(t, err, "not in zlib's format")
	_, err = (&PackedMask{Base: "after", Zlib: c.compress(bitset.New(8), 8)}).decode(8, nil)
	require.ErrorContains(t, err, `unknown base "after"`)
	ones := bitset.OfBools([]bool{true, true, true, true, true, true, true, true})
	_, err = (&PackedMask{Zlib: c.compress(ones, 8)}).decode(7, nil)
	require.ErrorContains(t, err, "one bit for each of")
}

func TestFans(t *testing.T) {
	in, out, err := Fans([]bool{true, false, true, false, false, true}, []int{2, 3})
	require.NoError(t, err)
	require.Equal(t, []int{1, 0, 2}, in)
	require.Equal(t, []int{2, 1}, out)
	in, out, err = Fans([]bool{true, false, true, false, false, true, true, true}, []int{2, 2, 2}) // Two places of a kernel.
	require.NoError(t, err)
	require.Equal(t, []int{3, 2}, in)
	require.Equal(t, []int{2, 3}, out)
	_, _, err = Fans(make([]bool, 5), []int{2, 3})
	require.ErrorContains(t, err, "a mask of 5 weights does not have the shape [2 3]")
}

func TestSimilarity(t *testing.T) {
	require.Equal(t, 1.0/3, Similarity([]bool{true, true, false, false}, []bool{true, false, true, false}))
	require.Equal(t, 1.0, Similarity(make([]bool, 3), make([]bool, 3)))
}
