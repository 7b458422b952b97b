package dstee

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Normalization is how [Acquisition.Normalize] makes the scores of layers comparable, with each other and with those of
// other acquisitions. Each looks at all weights of a layer, active or not, and keeps the order of their scores.
type Normalization int

const (
	// ByRank gives each weight the share of the layer's weights that score lower: in [0, 1), whatever the scores' scale.
	// It is exact to a bucket of scores that agree in sign, exponent and the first 7 bits after the point, and linear
	// within. It takes O(n) operations, since sorting takes GoMLX's Go backend seconds for a layer. A NaN has rank 0.
	ByRank Normalization = iota

	// ByMax divides by the largest size of a finite score: into [-1, 1].
	ByMax

	// ByStandardScore subtracts the mean of the finite scores and divides by their standard deviation, both of scores
	// rounded to 2⁻¹⁸ of the largest: sums of integers, which are the same in any order.
	ByStandardScore
)

// String names the normalization.
func (n Normalization) String() string {
	if n < ByRank || n > ByStandardScore {
		return fmt.Sprintf("Normalization(%d)", int(n))
	}
	return [...]string{"rank", "max", "standard"}[n]
}

// Normalize returns the acquisition whose scores are normalized within each layer.
func (a Acquisition) Normalize(by Normalization) Acquisition {
	graphs := map[Normalization]func(s *Signals, score *Node) *Node{ByRank: rank, ByMax: shareOfMax, ByStandardScore: standardScore}
	normalize, found := graphs[by]
	err := a.usable()
	if !found {
		err = fmt.Errorf("there is no %s, only ByRank, ByMax and ByStandardScore", by)
	}
	return Acquisition{
		Name:   fmt.Sprintf("%s(%s)", by, a.Name),
		Params: a.Params,
		Memory: a.Memory,
		Score:  func(s *Signals) *Node { return normalize(s, s.Rounded(a.Score(s))) },
		err:    err,
	}
}

// rank returns the share of the scores that are lower than each.
func rank(s *Signals, score *Node) *Node {
	const width = 16 // Bits that name a bucket, and bits that place a score in it.
	g := score.Graph()
	n := score.Shape().Size()
	keys := orderKeys(Reshape(score, -1))
	bucket := ExpandAxes(ConvertDType(BitwiseShiftRightLogical(keys, Const(g, uint32(width))), dtypes.Int32), -1)
	counts := ScatterSum(Zeros(g, shapes.Make(dtypes.Int32, 1<<width)), bucket, Ones(g, shapes.Make(dtypes.Int32, n)), false, false)
	lower := Sub(cumulate(counts), counts)

	float := func(x *Node) *Node { return ConvertDType(x, dtypes.Float32) }
	within := MulScalar(float(BitwiseAnd(keys, Const(g, uint32(1<<width-1)))), 1.0/(1<<width))
	inBucket := s.Rounded(Mul(float(Gather(counts, bucket)), within))
	below := s.Rounded(Add(float(Gather(lower, bucket)), inBucket))
	shares := Mul(below, Const(g, 1/float32(n))) // XLA would make a division by a constant into this, Go would not.
	return Reshape(shares, score.Shape().Dimensions...)
}

// cumulate returns the sums of a vector up to each entry, this one included, by doubling (GoMLX's CumSum takes O(n²)).
func cumulate(x *Node) *Node {
	n := x.Shape().Size()
	for shift := 1; shift < n; shift *= 2 {
		zeros := Zeros(x.Graph(), shapes.Make(x.DType(), shift))
		x = Add(x, Concatenate([]*Node{zeros, Slice(x, AxisRange(0, n-shift))}, 0))
	}
	return x
}

// shareOfMax returns the scores divided by the largest finite size.
func shareOfMax(s *Signals, score *Node) *Node { return s.Rounded(Div(score, largest(score))) }

// largest is the largest size of a finite score, a Float32 scalar; 1 if all are zero.
func largest(score *Node) *Node {
	zero := ScalarZero(score.Graph(), dtypes.Float32)
	size := ReduceAllMax(Where(IsFinite(score), Abs(score), ZerosLike(score)))
	return Where(GreaterThan(size, zero), size, OnesLike(size))
}

// standardScore returns the scores less their mean, divided by their standard deviation.
func standardScore(s *Signals, score *Node) *Node {
	g := score.Graph()
	number := func(x float64) *Node { return Const(g, x) }
	double := func(x *Node) *Node { return ConvertDType(x, dtypes.Float64) }
	finite := IsFinite(score)
	scaled := double(s.Rounded(MulScalar(s.Rounded(Div(score, largest(score))), 1<<18)))
	integers := ConvertDType(Floor(Add(Where(finite, scaled, ZerosLike(scaled)), number(0.5))), dtypes.Int64)
	integers = Where(finite, integers, ZerosLike(integers))

	count := double(ReduceAllSum(ConvertDType(finite, dtypes.Int64)))
	count = Where(GreaterThan(count, number(0)), count, number(1))
	mean := s.rounded64(Div(double(ReduceAllSum(integers)), count))
	square := s.rounded64(Div(double(ReduceAllSum(Mul(integers, integers))), count))
	variance := Sub(square, s.rounded64(Mul(mean, mean)))
	deviation := s.rounded64(Sqrt(Where(GreaterThan(variance, number(0)), variance, number(1))))
	return s.Rounded(ConvertDType(Div(s.rounded64(Sub(scaled, mean)), deviation), dtypes.Float32))
}
