package dstee

import (
	"math"
	"math/bits"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The score of a unit is the mean of the scores of its weights, but for a power of two that all units of a layer share: the
// sum is divided by the power above the number of weights, so that it does not overflow. Sums are those of meanscore.go.

// unitScoresOnHost returns the scores of the layout's units from those of the weights.
func unitScoresOnHost(l layout, scores []float32) []float32 {
	largest := make([]uint32, l.rows/l.unitRows)
	inParallel(len(largest), func(_, i int) {
		for _, score := range scores[i*l.unitRows*l.cols : (i+1)*l.unitRows*l.cols] {
			if size := math.Float32bits(score) & sizeBits; size < infinityBits {
				largest[i] = max(largest[i], size)
			}
		}
	})
	most := slices.Max(largest)
	shift := sumShift(most, l.unit())
	factor, back := math.Ldexp(1, shift), math.Ldexp(1, -shift-bits.Len(uint(l.unit())))
	units, unitOf := make([]float32, l.units()), l.unitColumns()
	inParallel(len(largest), func(_, i int) {
		sums, special := make([]int64, l.columns()), make([]float32, l.columns())
		for row := i * l.unitRows; row < (i+1)*l.unitRows; row++ {
			for column, score := range scores[row*l.cols : (row+1)*l.cols] {
				switch size := math.Float32bits(score) & sizeBits; {
				case size >= infinityBits:
					special[unitOf[column]] += score
				case size >= 1<<mantissaBits:
					sums[unitOf[column]] += int64(float64(score) * factor)
				}
			}
		}
		for unit, sum := range sums {
			mean := float64(sum) * back
			if math.Abs(mean) < smallestNormal {
				mean = 0
			}
			units[i*l.columns()+unit] = float32(mean) + special[unit]
		}
	})
	return units
}

// unitScoresGraph is unitScoresOnHost in a graph: Float32 of the shape [rows, columns] of the units.
func unitScoresGraph(l layout, scores *Node) *Node {
	g := scores.Graph()
	size := BitwiseAnd(Bitcast(scores, dtypes.Uint32), Const(g, uint32(sizeBits)))
	finite := LessThan(size, Const(g, uint32(infinityBits)))
	largest := ReduceAllMax(Where(finite, size, Const(g, uint32(0))))
	total := ReduceSum(l.byUnits(fixedPoint(scores, largest, l.unit())), 1, 3)
	special := ReduceSum(l.byUnits(Where(finite, Const(g, float32(0)), scores)), 1, 3)

	exponent := ConvertDType(BitwiseShiftRightLogical(largest, Const(g, uint32(mantissaBits))), dtypes.Int64)
	biased := Add(Const(g, int64(1023-sumShift(0, l.unit())-bits.Len(uint(l.unit())))), exponent)
	back := Bitcast(BitwiseShiftLeft(biased, Const(g, int64(52))), dtypes.Float64)
	mean := Mul(ConvertDType(total, dtypes.Float64), back)
	mean = Where(LessThan(Abs(mean), Const(g, float64(smallestNormal))), Const(g, float64(0)), mean)
	return Add(ConvertDType(mean, dtypes.Float32), special)
}

// byUnits returns weights as [rows of units, rows of a unit, columns of units, columns of a unit].
func (l layout) byUnits(weights *Node) *Node {
	return Reshape(weights, l.rows/l.unitRows, l.unitRows, l.columns(), l.unitCols)
}

// unitMaskGraph returns which units of a mask of weights are active, Bool, by their first weight.
func unitMaskGraph(l layout, mask *Node) *Node {
	first := Slice(l.byUnits(mask), AxisRange(), AxisElem(0), AxisRange(), AxisElem(0))
	return Reshape(first, l.rows/l.unitRows, l.columns())
}

// expandGraph returns the mask of weights, of the given dimensions, whose units are active.
func expandGraph(l layout, units *Node, dims []int) *Node {
	units = Reshape(units, l.rows/l.unitRows, 1, l.columns(), 1)
	return Reshape(BroadcastToDims(units, l.rows/l.unitRows, l.unitRows, l.columns(), l.unitCols), dims...)
}
