package dstee

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"slices"
	"strconv"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sparsekernel/sparsekernel/internal/spelling"
)

// Limits of a formula, which bound the time to compile it to some seconds.
const (
	maxFormulaLength     = 1000 // Characters.
	maxFormulaOperations = 200  // Sum of their costs.
)

// Formula returns the acquisition that a formula describes, for instance DST-EE with c 0.001 and ε 1:
//
//	dstee.Formula("abs(g) + 1e-3*log(t)/(n+1)")
//
// It is written in Go's syntax. It may read the signals of each weight
//
//	w, weight    the weight, zero where inactive
//	g, gradient  the gradient of the loss with respect to the dense weight
//	m, mask      1 where active before the update, else 0
//	n, visits    the number of topologies in which the weight was active, the first included
//	last         the round of the last topology in which it was active, -1 if it never was ([Signals.LastActive])
//	momentum     the optimizer's first moment ([Signals.Momentum])
//	random       uniform in [0, 1), drawn anew for each time it is written ([Signals.Random])
//	normal       of mean 0 and variance 1, drawn anew for each time it is written ([Signals.Normal])
//
// and the numbers
//
//	t, step      the optimizer step, counted from 1
//	lnt          ln t, as is log(t)
//	steps        the number of optimizer steps of the run
//	round        the number of the mask update, counted from 1
//
// and use decimal numbers, parentheses, the functions
//
//	abs(x)  sqrt(x)  exp(x)
//	log(x)  ln(x)            the natural logarithm
//	square(x)                x·x
//	pow(x, y)                x to the power of y
//	sign(x)                  -1, 0 or 1
//	min(x, y)  max(x, y)     NaN if x or y is
//	where(condition, x, y)   x where the condition is not 0, else y
//
// and operators, with Go's precedence: a line binds tighter than the next, and those of one line group from the left.
//
//	-x
//	x * y   x / y
//	x + y   x - y
//	x < y   x <= y   x > y   x >= y   x == y   x != y   (1 if true, else 0; they do not chain)
//
// All is computed in Float32, but for what holds numbers alone, which is computed once in float64. Every operation is
// rounded by itself and numbers too small for Float32's normal range are 0, so that XLA and Go give the same bits on a
// CPU; log, exp and pow are made of such operations. What +, -, *, / and the functions give for infinities and NaN is as
// in package math, except that there is no negative zero.
//
// The name of the acquisition is its text. The error, if the text is no formula, names the column and what is known.
func Formula(text string) (Acquisition, error) {
	f := &formula{text: oneLine(text)}
	if err := f.checkText(); err != nil {
		return Acquisition{}, err
	}
	files := token.NewFileSet()
	expr, err := parser.ParseExprFrom(files, "", f.text, parser.SkipObjectResolution)
	if err != nil {
		return Acquisition{}, f.syntaxError(err)
	}
	root, err := f.compile(expr)
	if err != nil {
		return Acquisition{}, err
	}
	if root.build == nil {
		return Acquisition{}, f.errorAt(expr.Pos(), "the formula reads no signal, so that all weights would score the same; "+
			"the signals are %s", formulaSignalNames())
	}
	score := func(s *Signals) *Node {
		return broadcast(root.build(s), s.Weight)
	}
	return Acquisition{Name: strings.TrimSpace(f.text), Score: score, Memory: f.memory}, nil
}

// MustFormula is [Formula] for a text known to be one. It panics on error.
func MustFormula(text string) Acquisition {
	acquisition, err := Formula(text)
	if err != nil {
		panic(err)
	}
	return acquisition
}

// term is a part of a formula: a number, or what the graph computes.
type term struct {
	pos    token.Pos
	number float64
	build  func(s *Signals) *Node // Nil for a number.
}

// formula is the text of a formula while it is compiled, what the operations met so far cost, and what they remember.
type formula struct {
	text   string
	cost   int
	memory []Memory
}

// compile turns an expression into a term.
func (f *formula) compile(expr ast.Expr) (term, error) {
	switch e := expr.(type) {
	case *ast.ParenExpr:
		return f.compile(e.X)
	case *ast.BasicLit:
		return f.number(e)
	case *ast.Ident:
		return f.signal(e)
	case *ast.UnaryExpr:
		switch e.Op {
		case token.ADD:
			return f.compile(e.X)
		case token.SUB:
			return f.compileOperation(negation, e.Pos(), e.X)
		}
		return term{}, f.unknownOperator(e.OpPos, e.Op)
	case *ast.BinaryExpr:
		operator, found := formulaOperators[e.Op]
		if !found {
			return term{}, f.unknownOperator(e.OpPos, e.Op)
		}
		if left, ok := e.X.(*ast.BinaryExpr); ok && isComparison(e.Op) && isComparison(left.Op) {
			return term{}, f.errorAt(e.OpPos, "comparisons do not chain: multiply them, as in (0 < n) * (n < 5)")
		}
		return f.compileOperation(operator, e.Pos(), e.X, e.Y)
	case *ast.CallExpr:
		return f.call(e)
	case *ast.StarExpr: // Of x**y.
		return term{}, f.errorAt(e.Star, "expected operand, found '*' (a power is pow(x, y))")
	}
	return term{}, f.errorAt(expr.Pos(), "formulas have numbers, signals, operators and functions, not this")
}

func (f *formula) unknownOperator(pos token.Pos, op token.Token) error {
	hint := "the operators are + - * / < <= > >= == !="
	if i, found := instead[op]; found {
		hint = i
	}
	return f.errorAt(pos, "unknown operator %q: %s", op, hint)
}

// number compiles a literal.
func (f *formula) number(literal *ast.BasicLit) (term, error) {
	number, err := strconv.ParseFloat(literal.Value, 64)
	octal := literal.Kind == token.INT && len(literal.Value) > 1 && literal.Value[0] == '0'
	if err != nil && !errors.Is(err, strconv.ErrRange) || strings.ContainsAny(literal.Value, "xX_") || octal ||
		literal.Kind != token.INT && literal.Kind != token.FLOAT {
		return term{}, f.errorAt(literal.Pos(), "%s is not a decimal number", literal.Value)
	}
	return term{pos: literal.Pos(), number: number}, nil
}

// signal compiles a name.
func (f *formula) signal(name *ast.Ident) (term, error) {
	for _, signal := range formulaSignals {
		if slices.Contains(signal.names, name.Name) {
			f.remember(signal.memory)
			return term{pos: name.Pos(), build: func(s *Signals) *Node { return s.Rounded(signal.build(s)) }}, nil
		}
	}
	if _, found := formulaFunctions[name.Name]; found {
		return term{}, f.errorAt(name.Pos(), "%s is a function: write %s(…)", name.Name, name.Name)
	}
	return term{}, f.errorAt(name.Pos(), "unknown name %q%s; the signals are %s", name.Name,
		spelling.Suggestion(name.Name, formulaSignalNames()), formulaSignalNames())
}

// remember declares a memory, once.
func (f *formula) remember(memory *Memory) {
	if memory != nil && !slices.ContainsFunc(f.memory, func(m Memory) bool { return m.Name == memory.Name }) {
		f.memory = append(f.memory, *memory)
	}
}

// call compiles the call of a function.
func (f *formula) call(call *ast.CallExpr) (term, error) {
	name, ok := call.Fun.(*ast.Ident)
	if !ok {
		return term{}, f.errorAt(call.Lparen, "only a function can stand before a parenthesis; to multiply, write *")
	}
	function, found := formulaFunctions[name.Name]
	if !found {
		if slices.Contains(formulaSignalNames(), name.Name) {
			return term{}, f.errorAt(name.Pos(), "%s is a signal, not a function; to multiply, write *", name.Name)
		}
		known := make([]string, 0, len(formulaFunctions))
		for function := range formulaFunctions {
			known = append(known, function)
		}
		slices.Sort(known)
		return term{}, f.errorAt(name.Pos(), "unknown function %q%s; the functions are %s", name.Name, spelling.Suggestion(name.Name, known), known)
	}
	if call.Ellipsis.IsValid() {
		return term{}, f.errorAt(call.Ellipsis, `unknown operator "..."`)
	}
	if len(call.Args) != function.arity {
		return term{}, f.errorAt(name.Pos(), "%s has the wrong number of arguments: got %d, want %d", name.Name, len(call.Args), function.arity)
	}
	if name.Name == "log" || name.Name == "ln" {
		if argument, ok := ast.Unparen(call.Args[0]).(*ast.Ident); ok && (argument.Name == "t" || argument.Name == "step") {
			return term{pos: name.Pos(), build: func(s *Signals) *Node { return s.Rounded(logStep(s)) }}, nil
		}
	}
	terms, err := f.compileAll(call.Args)
	if err != nil {
		return term{}, err
	}
	if name.Name == "pow" && terms[1].build == nil && terms[1].number == 2 {
		function, terms = formulaFunctions["square"], terms[:1] // Exactly x·x, ties of the rounding included.
	}
	return f.apply(function, name.Pos(), terms)
}

func (f *formula) compileOperation(operation formulaOperation, pos token.Pos, operands ...ast.Expr) (term, error) {
	terms, err := f.compileAll(operands)
	if err != nil {
		return term{}, err
	}
	return f.apply(operation, pos, terms)
}

// compileAll compiles the operands of an operation.
func (f *formula) compileAll(operands []ast.Expr) ([]term, error) {
	terms := make([]term, len(operands))
	for i, operand := range operands {
		var err error
		if terms[i], err = f.compile(operand); err != nil {
			return nil, err
		}
	}
	return terms, nil
}

// apply makes one term of an operation and its operands. On numbers alone the operation is done at once.
func (f *formula) apply(operation formulaOperation, pos token.Pos, terms []term) (term, error) {
	if f.cost += operation.cost; f.cost > maxFormulaOperations {
		return term{}, f.errorAt(pos, "the formula has more than %d operations, of which exp and log count for 10 and pow for 20",
			maxFormulaOperations)
	}
	numbers := make([]float64, len(terms))
	constant := true
	for i, t := range terms {
		numbers[i] = t.number
		constant = constant && t.build == nil
	}
	if constant {
		return term{pos: pos, number: operation.fold(numbers)}, nil
	}
	for i := range terms {
		if err := f.intoGraph(&terms[i]); err != nil {
			return term{}, err
		}
	}
	return term{pos: pos, build: func(s *Signals) *Node {
		nodes := make([]*Node, len(terms))
		for i, t := range terms {
			nodes[i] = t.build(s)
		}
		return s.Rounded(operation.build(s, nodes))
	}}, nil
}

// intoGraph makes a number that meets a signal a Float32 scalar of the graph.
func (f *formula) intoGraph(t *term) error {
	if t.build != nil {
		return nil
	}
	number := float32(t.number)
	if size := math.Abs(float64(number)); !(size <= math.MaxFloat32) || t.number != 0 && size <= smallestNormal {
		return f.errorAt(t.pos, "the number is %g, which is not 0 or between %.2g and %.2g in size", t.number, smallestNormal, math.MaxFloat32)
	}
	t.build = func(s *Signals) *Node { return s.Rounded(Const(s.Weight.Graph(), number)) }
	return nil
}
