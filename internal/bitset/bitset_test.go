package bitset_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// Sets of all sizes are what slices of bools are, and survive their bytes.
func TestSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 7, 8, 9, 63, 64, 65, 1000, 4099} {
		a, b := make([]bool, n), make([]bool, n)
		for i := range a {
			a[i], b[i] = rng.IntN(5) == 0, rng.IntN(2) == 0
		}
		each := func(op func(x, y bool) bool) []bool {
			result := make([]bool, n)
			for i := range result {
				result[i] = op(a[i], b[i])
			}
			return result
		}
		x, y := bitset.OfBools(a), bitset.OfBools(b)
		require.Equal(t, a, x.Bools(n))
		require.Equal(t, each(func(p, q bool) bool { return p != q }), x.Xor(y).Bools(n))
		require.Equal(t, each(func(p, q bool) bool { return p && q }), x.And(y).Bools(n))
		require.Equal(t, each(func(p, q bool) bool { return p || q }), x.Or(y).Bools(n))
		require.Equal(t, each(func(p, q bool) bool { return p && !q }), x.AndNot(y).Bools(n))
		require.Equal(t, each(func(p, _ bool) bool { return !p }), x.Not(n).Bools(n))
		require.True(t, x.And(y).Within(y))
		require.Equal(t, !slices.Contains(each(func(p, q bool) bool { return p && !q }), true), x.Within(y))

		elements := slices.Collect(x.All())
		require.Len(t, elements, x.Count())
		require.Equal(t, n, x.Count()+x.Not(n).Count())
		for _, i := range elements {
			require.True(t, a[i])
		}

		again, ok := bitset.OfBytes(x.Bytes(n), n)
		require.True(t, ok)
		require.Equal(t, x, again)
		_, ok = bitset.OfBytes(append(x.Bytes(n), 0), n)
		require.False(t, ok, "a byte too many")
	}
	_, ok := bitset.OfBytes([]byte{0x80}, 7)
	require.False(t, ok, "an element too many")
}
