package dstee

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// topKGraph returns a Bool node of the scores' shape, true for the k highest scores among the eligible entries, or for
// all of them if there are fewer than k. scores is Float32, eligible Bool of the same shape, k an Int32 scalar.
func topKGraph(scores, eligible, k *Node) *Node {
	return topKOfLayersGraph([]*Node{scores}, []*Node{eligible}, nil, k)[0]
}

// topKOfLayersGraph selects the k highest scores among the eligible entries of all layers. If best is not nil, it tells
// for each layer (Bool scalars) whether its best eligible entry is chosen whatever other layers have.
func topKOfLayersGraph(scores, eligible, best []*Node, k *Node) []*Node {
	g := k.Graph()
	flat := func(layers []*Node) *Node {
		vectors := make([]*Node, len(layers))
		for i, layer := range layers {
			vectors[i] = Reshape(layer, -1)
		}
		if len(vectors) == 1 {
			return vectors[0]
		}
		return Concatenate(vectors, 0)
	}
	// of returns the part of a flat node that is the i-th layer's.
	of := func(node *Node, i int) *Node {
		begin := 0
		for _, before := range scores[:i] {
			begin += before.Shape().Size()
		}
		return Slice(node, AxisRange(begin, begin+scores[i].Shape().Size()))
	}
	allEligible := flat(eligible)
	keys := Where(allEligible, uniqueKeys(flat(scores)), Const(g, uint64(0)))
	if best != nil {
		parts := make([]*Node, len(scores))
		for i := range parts {
			part := of(keys, i)
			isBest := LogicalAnd(Equal(part, ReduceAllMax(part)), best[i])
			parts[i] = Where(LogicalAnd(isBest, Reshape(eligible[i], -1)), Const(g, uint64(math.MaxUint64)), part)
		}
		keys = flat(parts)
	}
	threshold := kthKeyGraph(Reshape(keys, 1, -1, 1), Reshape(k, 1, 1, 1))
	selected := LogicalAnd(GreaterOrEqual(keys, Reshape(threshold)), allEligible)
	selected = LogicalAnd(selected, GreaterThan(k, Const(g, int32(0))))
	if len(scores) == 1 {
		return []*Node{Reshape(selected, scores[0].Shape().Dimensions...)}
	}
	layers := make([]*Node, len(scores))
	for i := range layers {
		layers[i] = Reshape(of(selected, i), scores[i].Shape().Dimensions...)
	}
	return layers
}

// topKOfGroupsGraph returns a Bool node of the scores' shape: true for what is selected already, and in each group of the
// layout for as many eligible entries more as counts (Int32, one for each column) leaves, those of highest score.
func topKOfGroupsGraph(l layout, scores, eligible, selected, counts *Node) *Node {
	g := scores.Graph()
	byGroup := func(x *Node) *Node { return Reshape(x, -1, l.groupRows, l.columns()) }
	keys := byGroup(Where(Reshape(eligible, -1), uniqueKeys(Reshape(scores, -1)), Const(g, uint64(0))))
	// As Int64: XLA's closures cannot use a reduction that the graph around them uses too.
	taken := ConvertDType(ReduceSum(ConvertDType(byGroup(selected), dtypes.Int64), 1), dtypes.Int32)
	k := Sub(BroadcastToDims(Reshape(counts, 1, -1), taken.Shape().Dimensions...), taken)
	k = ExpandAxes(k, 1)
	top := LogicalAnd(GreaterOrEqual(keys, kthKeyGraph(keys, k)), byGroup(eligible))
	top = LogicalAnd(top, GreaterThan(k, Const(g, int32(0))))
	return LogicalOr(selected, Reshape(top, selected.Shape().Dimensions...))
}

// kthKeyGraph returns the k-th highest of the keys along axis 1 of three, or 0 if there are fewer above 0. keys is Uint64, k
// Int32 with axis 1 of dimension 1, as is the result.
//
// It bisects the key bit by bit in a loop: k is an input, nothing is sorted, and the work is 64 counts whatever k is.
// (GoMLX's TopKMask takes a k fixed at compile time and needs O(n·k) comparisons.)
func kthKeyGraph(keys, k *Node) *Node {
	g := keys.Graph()
	keysShape, countShape, bitShape := keys.Shape(), k.Shape(), shapes.Make(dtypes.Uint64)
	thresholdShape := shapes.Make(dtypes.Uint64, k.Shape().Dimensions...)
	condition := NewClosure(g, func(g *Graph) []*Node {
		Parameter(g, "keys", keysShape)
		Parameter(g, "k", countShape)
		bit := Parameter(g, "bit", bitShape)
		Parameter(g, "threshold", thresholdShape)
		return []*Node{NotEqual(bit, Const(g, uint64(0)))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		// All values are loop state: XLA's closures cannot capture.
		keys := Parameter(g, "keys", keysShape)
		k := Parameter(g, "k", countShape)
		bit := Parameter(g, "bit", bitShape)
		threshold := Parameter(g, "threshold", thresholdShape)
		candidate := BitwiseOr(threshold, bit)
		reached := ConvertDType(GreaterOrEqual(keys, candidate), dtypes.Int32)
		count := ExpandAxes(ReduceSum(reached, 1), 1)
		threshold = Where(GreaterOrEqual(count, k), candidate, threshold)
		return []*Node{keys, k, BitwiseShiftRightLogical(bit, Const(g, uint64(1))), threshold}
	})
	none := BroadcastToDims(Const(g, uint64(0)), thresholdShape.Dimensions...)
	return While(condition, body, keys, k, Const(g, uint64(1)<<63), none)[3]
}

// uniqueKeys returns Uint64 keys above 0 that order as the scores do, equal scores by falling index.
func uniqueKeys(scores *Node) *Node {
	g := scores.Graph()
	n := scores.Shape().Size()
	fromLast := Sub(Const(g, uint64(n)), Iota(g, shapes.Make(dtypes.Uint64, n), 0))
	return Add(BitwiseShiftLeft(ConvertDType(orderKeys(scores), dtypes.Uint64), Const(g, uint64(32))), fromLast)
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
