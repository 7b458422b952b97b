package dstee

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// This file holds the selection of the k highest scores, twice: on the host and as a graph. Both rank by the same
// integer key, so that they choose the same entries to the last one.
//
// The key of a score is an unsigned integer that grows with it: -0 counts as +0, a NaN as -Inf. Equal scores are
// ranked by their flat index, the lowest first.

// topKOnHost sets selected[i] to true for the k highest scores among the entries i where eligible[i] == want, or for
// all of them if there are fewer than k. It leaves the other entries of selected alone, which may be eligible itself.
//
// It finds the k-th highest key by radix selection, 11 bits at a time: O(n), whatever k is.
func topKOnHost(scores []float32, eligible []bool, want bool, k int, selected []bool) {
	if k <= 0 {
		return
	}
	// prefix holds the bits of the k-th highest key that are known so far, need how many of the entries with that
	// prefix are among the k highest.
	var prefix, known uint32
	need := k
	for _, digit := range []struct{ shift, bits uint }{{21, 11}, {10, 11}, {0, 10}} {
		var counts [1 << 11]int
		last := uint32(1)<<digit.bits - 1
		for i, score := range scores {
			if eligible[i] == want {
				if key := rankKey(score); key&known == prefix {
					counts[key>>digit.shift&last]++
				}
			}
		}
		found := false
		for d := int(last); d >= 0; d-- {
			if counts[d] >= need {
				prefix |= uint32(d) << digit.shift
				found = true
				break
			}
			need -= counts[d]
		}
		if !found { // Fewer than k are eligible: all of them are chosen, whose keys are above 0.
			prefix = 0
			break
		}
		known |= last << digit.shift
	}
	for i, score := range scores {
		if eligible[i] != want {
			continue
		}
		key := rankKey(score)
		if key > prefix {
			selected[i] = true
		} else if key == prefix && need > 0 {
			selected[i] = true
			need--
		}
	}
}

// rankKey maps a score to an integer that orders as the scores do.
func rankKey(score float32) uint32 {
	switch {
	case score != score:
		score = float32(math.Inf(-1))
	case score == 0:
		score = 0 // Drops the sign of -0.
	}
	bits := math.Float32bits(score)
	if bits>>31 != 0 {
		return ^bits
	}
	return bits | 1<<31
}

// topKGraph returns a Bool node of the scores' shape, true for the k highest scores among the eligible entries, or for
// all of them if there are fewer than k. scores is Float32, eligible Bool of the same shape, k an Int32 scalar.
//
// It bisects the k-th highest key bit by bit in a loop: k is an input, nothing is sorted, and the work is 64 counts
// whatever k is. (GoMLX's TopKMask takes a k fixed at compile time and needs O(n·k) comparisons.)
func topKGraph(scores, eligible, k *Node) *Node {
	g := scores.Graph()
	dims := scores.Shape().Dimensions
	scores, eligible = Reshape(scores, -1), Reshape(eligible, -1)
	keys := Where(eligible, uniqueKeys(scores), Const(g, uint64(0)))

	keysShape, countShape, wordShape := keys.Shape(), shapes.Make(dtypes.Int32), shapes.Make(dtypes.Uint64)
	condition := NewClosure(g, func(g *Graph) []*Node {
		Parameter(g, "keys", keysShape)
		Parameter(g, "k", countShape)
		bit := Parameter(g, "bit", wordShape)
		Parameter(g, "threshold", wordShape)
		return []*Node{NotEqual(bit, Const(g, uint64(0)))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		// All values are loop state: XLA's closures cannot capture.
		keys := Parameter(g, "keys", keysShape)
		k := Parameter(g, "k", countShape)
		bit := Parameter(g, "bit", wordShape)
		threshold := Parameter(g, "threshold", wordShape)
		candidate := BitwiseOr(threshold, bit)
		count := ReduceAllSum(ConvertDType(GreaterOrEqual(keys, candidate), dtypes.Int32))
		threshold = Where(GreaterOrEqual(count, k), candidate, threshold)
		return []*Node{keys, k, BitwiseShiftRightLogical(bit, Const(g, uint64(1))), threshold}
	})
	threshold := While(condition, body, keys, k, Const(g, uint64(1)<<63), Const(g, uint64(0)))[3]
	selected := LogicalAnd(GreaterOrEqual(keys, threshold), eligible)
	selected = LogicalAnd(selected, GreaterThan(k, Const(g, int32(0))))
	return Reshape(selected, dims...)
}

// uniqueKeys returns Uint64 keys above 0 that order as the scores do, equal scores by falling index.
func uniqueKeys(scores *Node) *Node {
	g := scores.Graph()
	key := orderKeys(scores)
	n := scores.Shape().Size()
	fromLast := Sub(Const(g, uint64(n)), Iota(g, shapes.Make(dtypes.Uint64, n), 0))
	return Add(BitwiseShiftLeft(ConvertDType(key, dtypes.Uint64), Const(g, uint64(32))), fromLast)
}

// orderKeys returns the Uint32 keys of the scores, which order as they do: those of rankKey.
func orderKeys(scores *Node) *Node {
	g := scores.Graph()
	scores = Where(IsNaN(scores), Const(g, float32(math.Inf(-1))), scores)
	bits := Bitcast(scores, dtypes.Uint32)
	// -0 is told by its bits: XLA on CPU takes subnormal numbers for equal to 0.
	zero, sign := Const(g, uint32(0)), Const(g, uint32(1)<<31)
	bits = Where(Equal(bits, sign), zero, bits)
	return Where(GreaterOrEqual(bits, sign), BitwiseNot(bits), BitwiseOr(bits, sign))
}

// countTrue is the number of true entries.
func countTrue(mask []bool) int {
	n := 0
	for _, active := range mask {
		if active {
			n++
		}
	}
	return n
}
