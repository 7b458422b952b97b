package dstee

import (
	"go/token"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// This file holds what formulas can say: signals, functions and operators. The comment of Formula lists them for people.

// formulaSignal is a signal that formulas can read.
type formulaSignal struct {
	names  []string
	build  func(s *Signals) *Node
	memory *Memory // What must be remembered for it, if anything.
}

var formulaSignals = []formulaSignal{
	{names: []string{"w", "weight"}, build: func(s *Signals) *Node { return s.Weight }},
	{names: []string{"g", "gradient"}, build: func(s *Signals) *Node { return s.Gradient }},
	{names: []string{"m", "mask"}, build: func(s *Signals) *Node { return ConvertDType(s.Mask, dtypes.Float32) }},
	{names: []string{"n", "visits"}, build: (*Signals).VisitCount},
	{names: []string{"last"}, build: (*Signals).LastActive, memory: &LastActive},
	{names: []string{"momentum"}, build: (*Signals).Momentum},
	{names: []string{"random"}, build: (*Signals).Random},
	{names: []string{"normal"}, build: (*Signals).Normal},
	{names: []string{"t", "step"}, build: func(s *Signals) *Node { return s.Step }},
	{names: []string{"lnt"}, build: logStep},
	{names: []string{"steps"}, build: func(s *Signals) *Node { return s.TotalSteps }},
	{names: []string{"round"}, build: func(s *Signals) *Node { return s.Round }},
}

func logStep(s *Signals) *Node { return s.LogStep }

// formulaOperation is an operator or a function of formulas.
type formulaOperation struct {
	arity int
	cost  int                               // How many simple operations it is worth.
	fold  func(x []float64) float64         // On numbers.
	build func(s *Signals, x []*Node) *Node // On Float32 nodes, scalars or of the weights' shape.
}

var formulaFunctions = map[string]formulaOperation{
	"abs":    unary(math.Abs, Abs),
	"sqrt":   unary(math.Sqrt, Sqrt),
	"square": unary(func(x float64) float64 { return x * x }, func(x *Node) *Node { return Mul(x, x) }),
	"sign":   unary(sign, signGraph),
	"min":    binary(func(x, y float64) float64 { return min(x, y) }, minGraph),
	"max":    binary(func(x, y float64) float64 { return max(x, y) }, maxGraph),
	"where":  {arity: 3, cost: 1, fold: where, build: whereGraph},
	"exp":    {arity: 1, cost: 10, fold: func(x []float64) float64 { return math.Exp(x[0]) }, build: expGraph},
	"log":    naturalLog,
	"ln":     naturalLog,
	"pow":    {arity: 2, cost: 20, fold: func(x []float64) float64 { return math.Pow(x[0], x[1]) }, build: powGraph},
}

var naturalLog = formulaOperation{arity: 1, cost: 10, fold: func(x []float64) float64 { return math.Log(x[0]) }, build: logGraph}

var formulaOperators = map[token.Token]formulaOperation{
	token.ADD: binary(func(x, y float64) float64 { return x + y }, Add),
	token.SUB: binary(func(x, y float64) float64 { return x - y }, Sub),
	token.MUL: binary(func(x, y float64) float64 { return x * y }, Mul),
	token.QUO: binary(func(x, y float64) float64 { return x / y }, Div),
	token.LSS: comparison(func(x, y float64) bool { return x < y }, LessThan),
	token.LEQ: comparison(func(x, y float64) bool { return x <= y }, LessOrEqual),
	token.GTR: comparison(func(x, y float64) bool { return x > y }, GreaterThan),
	token.GEQ: comparison(func(x, y float64) bool { return x >= y }, GreaterOrEqual),
	token.EQL: comparison(func(x, y float64) bool { return x == y }, Equal),
	token.NEQ: comparison(func(x, y float64) bool { return x != y }, NotEqual),
}

var negation = unary(func(x float64) float64 { return -x }, Neg)

func unary(fold func(x float64) float64, build func(x *Node) *Node) formulaOperation {
	return formulaOperation{arity: 1, cost: 1,
		fold:  func(x []float64) float64 { return fold(x[0]) },
		build: func(_ *Signals, x []*Node) *Node { return build(x[0]) }}
}

func binary(fold func(x, y float64) float64, build func(x, y *Node) *Node) formulaOperation {
	return formulaOperation{arity: 2, cost: 1,
		fold:  func(x []float64) float64 { return fold(x[0], x[1]) },
		build: func(_ *Signals, x []*Node) *Node { return build(x[0], x[1]) }}
}

// comparison is the operator that gives 1 where the comparison holds, else 0.
func comparison(holds func(x, y float64) bool, build func(x, y *Node) *Node) formulaOperation {
	return binary(
		func(x, y float64) float64 {
			if holds(x, y) {
				return 1
			}
			return 0
		},
		func(x, y *Node) *Node { return ConvertDType(build(x, y), dtypes.Float32) })
}

// instead says what to write for an operator of Go that formulas do not have.
var instead = map[token.Token]string{
	token.XOR:  "write pow(x, y) for a power",
	token.LAND: "multiply the conditions",
	token.LOR:  "write max(x, y) of the conditions",
	token.NOT:  "write x == 0",
}

func isComparison(op token.Token) bool { return op.Precedence() == token.EQL.Precedence() }

// formulaSignalNames lists the names of the signals.
func formulaSignalNames() []string {
	var names []string
	for _, signal := range formulaSignals {
		names = append(names, signal.names...)
	}
	return names
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func signGraph(x *Node) *Node {
	zero, one := ScalarZero(x.Graph(), dtypes.Float32), ScalarOne(x.Graph(), dtypes.Float32)
	return Where(GreaterThan(x, zero), one, Where(LessThan(x, zero), Neg(one), x))
}

// minGraph is the lesser; GoMLX's Min treats NaN differently from backend to backend.
func minGraph(x, y *Node) *Node { return choose(LogicalOr(LessThan(x, y), IsNaN(x)), x, y) }

// maxGraph is the greater, see minGraph.
func maxGraph(x, y *Node) *Node { return choose(LogicalOr(GreaterThan(x, y), IsNaN(x)), x, y) }

func where(x []float64) float64 {
	if x[0] != 0 {
		return x[1]
	}
	return x[2]
}

func whereGraph(_ *Signals, x []*Node) *Node {
	return choose(NotEqual(x[0], ZerosLike(x[0])), x[1], x[2])
}

// choose is Where on operands of which any may be a scalar.
func choose(condition, x, y *Node) *Node {
	for _, like := range []*Node{condition, x, y} {
		condition, x, y = broadcast(condition, like), broadcast(x, like), broadcast(y, like)
	}
	return Where(condition, x, y)
}

// broadcast gives a scalar the shape of another node.
func broadcast(x, like *Node) *Node {
	if x.IsScalar() && !like.IsScalar() {
		return BroadcastToDims(x, like.Shape().Dimensions...)
	}
	return x
}
