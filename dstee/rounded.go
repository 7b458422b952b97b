package dstee

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// smallestNormal is the smallest positive Float32 of full precision, 2⁻¹²⁶.
const smallestNormal = 0x1p-126

// Rounded returns x, Float32 of any shape, as every backend rounds it; numbers of size 2⁻¹²⁶ or less, and -0, become 0.
//
// Compilers do not round what they need not: XLA on a CPU computes x·y + z with one rounding, (a/b)/c as a/(b·c), x/√y
// as x·(1/√y), and takes numbers below the normal range for 0; the pure-Go backend does none of that. A score of the same
// bits on both, hence masks that are the same, needs Rounded around each product that is added or subtracted, and each
// quotient or root that is divided or divided by:
//
//	Add(Abs(s.Weight), s.Rounded(Mul(s.Param("lambda"), Abs(s.Gradient))))
func (s *Signals) Rounded(x *Node) *Node {
	g := x.Graph()
	if x.DType() != dtypes.Float32 {
		exceptions.Panicf("dstee: Rounded takes a Float32, got shape %s", x.Shape())
	}
	bits := BitwiseXor(Bitcast(x, dtypes.Uint32), s.unknownZero(dtypes.Uint32))
	size := BitwiseAnd(bits, Const(g, uint32(math.MaxInt32)))
	isZero := LessOrEqual(size, Const(g, math.Float32bits(smallestNormal)))
	return Bitcast(Where(isZero, Const(g, uint32(0)), bits), dtypes.Float32)
}

// rounded64 is Rounded for a Float64 within the normal range.
func (s *Signals) rounded64(x *Node) *Node {
	return Bitcast(BitwiseXor(Bitcast(x, dtypes.Uint64), s.unknownZero(dtypes.Uint64)), dtypes.Float64)
}

// unknownZero is the sign bit of the step: always 0, but no compiler knows. Arithmetic cannot be moved across an integer
// operation with it. (OptimizationBarrier does not serve: on a CPU, XLA drops it before it contracts x·y + z.)
func (s *Signals) unknownZero(dtype dtypes.DType) *Node {
	sign := BitwiseShiftRightLogical(Bitcast(s.Step, dtypes.Uint32), Const(s.Step.Graph(), uint32(31)))
	return ConvertDType(sign, dtype)
}

// What follows computes log, exp and pow with the same bits on every backend, whose own differ in the last ones: in
// Float64 from operations that IEEE 754 rounds correctly, with errors some 10⁷ times smaller than Float32's.

// logGraph is ln x.
func logGraph(s *Signals, x []*Node) *Node { return ConvertDType(log64(s, x[0]), dtypes.Float32) }

// expGraph is e^x.
func expGraph(s *Signals, x []*Node) *Node {
	return ConvertDType(exp64(s, ConvertDType(x[0], dtypes.Float64)), dtypes.Float32)
}

// powGraph is x^y, as math.Pow.
func powGraph(s *Signals, operands []*Node) *Node {
	x, y := operands[0], operands[1]
	g := x.Graph()
	absolute := s.Rounded(Abs(x)) // Without Rounded, XLA knows it to be positive and forgets NaN.
	one, zero, nan := Const(g, float32(1)), Const(g, float32(0)), Const(g, float32(math.NaN()))
	size := ConvertDType(exp64(s, s.rounded64(Mul(ConvertDType(y, dtypes.Float64), log64(s, absolute)))), dtypes.Float32)
	size = choose(LogicalOr(Equal(y, zero), Equal(absolute, one)), one, size)
	half := Mul(y, Const(g, float32(0.5)))
	integer := Equal(Floor(y), y)
	odd := LogicalAnd(integer, NotEqual(Floor(half), half))
	defined := LogicalOr(integer, Equal(x, Const(g, float32(math.Inf(-1)))))
	negative := choose(odd, Neg(size), choose(defined, size, nan))
	return choose(LogicalAnd(LessThan(x, zero), NotEqual(y, zero)), negative, size)
}

// log64 is ln x as a Float64, for a Float32 x.
//
// x = m·2^e with m within a factor √2 of 1, and ln m = 2·artanh(s) = 2·(s + s³/3 + s⁵/5 + …) with s = (m-1)/(m+1).
func log64(s *Signals, x *Node) *Node {
	g := x.Graph()
	number := func(v float64) *Node { return Const(g, v) }
	shift := Const(g, int32(23)) // Width of the mantissa.
	bits := Bitcast(x, dtypes.Int32)
	exponent := BitwiseShiftRightArithmetic(Sub(bits, Const(g, int32(math.Float32bits(math.Sqrt2/2)))), shift)
	mantissa := ConvertDType(Bitcast(Sub(bits, BitwiseShiftLeft(exponent, shift)), dtypes.Float32), dtypes.Float64)
	ratio := s.rounded64(Div(Sub(mantissa, number(1)), Add(mantissa, number(1))))
	square := s.rounded64(Mul(ratio, ratio))
	series := number(1. / 19)
	for divisor := 17.; divisor >= 1; divisor -= 2 {
		series = Add(s.rounded64(Mul(series, square)), number(1/divisor))
	}
	series = s.rounded64(Mul(Add(ratio, ratio), series))
	log := Add(s.rounded64(Mul(ConvertDType(exponent, dtypes.Float64), number(math.Ln2))), series)

	zero, infinity := Const(g, float32(0)), Const(g, float32(math.Inf(1)))
	log = Where(Equal(x, zero), number(math.Inf(-1)), log)
	log = Where(Equal(x, infinity), number(math.Inf(1)), log)
	return Where(GreaterOrEqual(x, zero), log, number(math.NaN()))
}

// exp64 is e^x for a Float64 x; beyond the range of Float32 it is some number that is, too.
//
// x = k·ln 2 + r with |r| at most ln 2 / 2, and e^r is its Taylor series.
func exp64(s *Signals, x *Node) *Node {
	g := x.Graph()
	number := func(v float64) *Node { return Const(g, v) }
	x = Where(GreaterThan(x, number(100)), number(100), x)
	x = Where(LessThan(x, number(-110)), number(-110), x)
	isNaN := IsNaN(x)
	x = Where(isNaN, number(0), x) // Converting a NaN to an integer is not defined.
	k := Floor(Add(s.rounded64(Mul(x, number(1/math.Ln2))), number(0.5)))
	r := Sub(x, s.rounded64(Mul(k, number(math.Ln2))))
	const degree = 13
	series := number(1)
	for i := degree; i >= 1; i-- { // 1 + r/1·(1 + r/2·(1 + …))
		series = Add(s.rounded64(Mul(s.rounded64(Mul(series, r)), number(1/float64(i)))), number(1))
	}
	biased := Add(ConvertDType(k, dtypes.Int64), Const(g, int64(1023)))
	power := Bitcast(BitwiseShiftLeft(biased, Const(g, int64(52))), dtypes.Float64)
	return Where(isNaN, number(math.NaN()), Mul(series, power))
}
