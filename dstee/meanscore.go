package dstee

import (
	"math"
	"math/bits"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// This file sums scores on the host and in a graph, with the same bits: as integers, whose sum does not depend on its
// order. The unit of the integers is a power of two that depends on the score of largest size and on how many are summed,
// so that no sum overflows 63 bits: a sum of n scores is exact to n·2^-(61-⌈log₂ n⌉) of the largest.

// The parts of a Float32.
const (
	mantissaBits = 23
	sizeBits     = math.MaxInt32 // All but the sign.
	infinityBits = 0xFF << mantissaBits
)

// sumShift is the exponent s for which |x|·2^s, summed over n scores of size at most that with the given bits, stays
// below 2^61.
func sumShift(largest uint32, n int) int {
	exponent := int(largest>>mantissaBits) - 127 // The largest is below 2^(exponent+1).
	return 61 - bits.Len(uint(n)) - (exponent + 1)
}

// sumOnHost returns the sum of the scores in the set, NaN if any is not finite.
func sumOnHost(scores []float32, set bitset) float64 {
	chunks := chunksOf(len(scores))
	inSet := func(chunk chunk, fn func(score float32)) {
		for w := chunk.begin / 64; 64*w < chunk.end; w++ {
			for word := set[w]; word != 0; word &= word - 1 {
				fn(scores[64*w+bits.TrailingZeros64(word)])
			}
		}
	}
	largest := make([]uint32, len(chunks))
	inParallel(len(chunks), func(_, i int) {
		inSet(chunks[i], func(score float32) { largest[i] = max(largest[i], math.Float32bits(score)&sizeBits) })
	})
	most := slices.Max(largest)
	if most >= infinityBits {
		return math.NaN()
	}
	shift := sumShift(most, len(scores))
	factor := math.Ldexp(1, shift)
	sums := make([]int64, len(chunks))
	inParallel(len(chunks), func(_, i int) {
		inSet(chunks[i], func(score float32) {
			if math.Float32bits(score)&sizeBits >= 1<<mantissaBits { // Subnormal numbers count as 0, as they do on XLA.
				sums[i] += int64(float64(score) * factor)
			}
		})
	})
	total := int64(0)
	for _, sum := range sums {
		total += sum
	}
	return scaledSum(total, most, len(scores))
}

// scaledSum is the sum of scores from that of their integers, the bits of the largest and the number of all scores.
func scaledSum(total int64, largest uint32, n int) float64 {
	if largest >= infinityBits {
		return math.NaN()
	}
	return math.Ldexp(float64(total), -sumShift(largest, n))
}

// sumGraph returns the arguments of scaledSum for the scores in the set, a Bool node of their shape: Int64 and Uint32
// scalars.
func sumGraph(scores, set *Node) (total, largest *Node) {
	g := scores.Graph()
	size := BitwiseAnd(Bitcast(scores, dtypes.Uint32), Const(g, uint32(sizeBits)))
	zero := Const(g, uint32(0))
	largest = ReduceAllMax(Where(set, size, zero))
	integers := fixedPoint(scores, largest, scores.Shape().Size())
	return ReduceAllSum(Where(set, integers, Const(g, int64(0)))), largest
}

// fixedPoint returns the scores as integers, Int64 of their shape, in the unit that sumShift says. Those that are not
// finite give just some number.
func fixedPoint(scores, largest *Node, n int) *Node {
	g := scores.Graph()
	size := BitwiseAnd(Bitcast(scores, dtypes.Uint32), Const(g, uint32(sizeBits)))
	normal := LogicalAnd(GreaterOrEqual(size, Const(g, uint32(1<<mantissaBits))), LessThan(size, Const(g, uint32(infinityBits))))
	scores = Where(normal, scores, Const(g, float32(0)))
	exponent := ConvertDType(BitwiseShiftRightLogical(largest, Const(g, uint32(mantissaBits))), dtypes.Int64)
	biased := Sub(Const(g, int64(sumShift(0, n)+1023)), exponent) // Of 2^shift as a Float64.
	factor := Bitcast(BitwiseShiftLeft(biased, Const(g, int64(52))), dtypes.Float64)
	return ConvertDType(Mul(ConvertDType(scores, dtypes.Float64), factor), dtypes.Int64)
}
