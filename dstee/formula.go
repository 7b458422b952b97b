package dstee

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sparsekernel/sparsekernel/internal/spelling"
)

// Limits of a formula, which bound the time to compile it to some seconds.
const (
	maxFormulaLength     = 1000 // Characters.
	maxFormulaOperations = 200  // Sum of their costs.
)

// Formula returns the acquisition that a formula describes, written in Go's syntax:
//
//	dstee.Formula("abs(g) + 1e-3*log(t)/(n+1)") // DST-EE with c 0.001 and ε 1.
//
// It may read the signals of each weight
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
// and use decimal numbers, parentheses, the operators + - * /, the comparisons < <= > >= == != (1 if true, else 0), and
// the functions
//
//	abs(x)  sqrt(x)  square(x)  exp(x)  log(x) or ln(x)  pow(x, y)
//	sign(x)                  -1, 0 or 1
//	min(x, y)  max(x, y)     NaN if x or y is
//	where(condition, x, y)   x where the condition is not 0, else y
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

// oneLine makes the text one line, so that columns are all there is to say about a place.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, text)
}

// checkText says what is wrong with a text that Go's parser should not see.
func (f *formula) checkText() error {
	if n := utf8.RuneCountInString(f.text); n > maxFormulaLength {
		return f.errorIn(maxFormulaLength+1, "the formula has %d characters, more than the %d allowed", n, maxFormulaLength)
	}
	if strings.TrimSpace(f.text) == "" {
		return f.errorIn(1, "the formula is empty; for instance, RigL is abs(g) and DST-EE abs(g) + 1e-3*log(t)/(n+1)")
	}
	for _, comment := range []string{"//", "/*"} {
		if i := strings.Index(f.text, comment); i >= 0 {
			return f.errorAt(token.Pos(i+1), "Go would take %q for the start of a comment, which formulas do not have", comment)
		}
	}
	return nil
}

// syntaxError is the first error of Go's parser.
func (f *formula) syntaxError(err error) error {
	var list scanner.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return f.errorIn(1, "%v", err)
	}
	// To Go, the end of the text is the end of a line.
	message := strings.NewReplacer("before newline", "before the end", "'EOF'", "the end", "newline", "the end",
		"found '|'", "found '|' (|x| is abs(x))").Replace(list[0].Msg)
	return f.errorAt(token.Pos(list[0].Pos.Offset+1), "%s", message)
}

// errorAt is an error at a position given by the parser, which counts bytes from 1.
func (f *formula) errorAt(pos token.Pos, format string, args ...any) error {
	before := f.text[:min(max(int(pos)-1, 0), len(f.text))]
	return f.errorIn(utf8.RuneCountInString(before)+1, format, args...)
}

// errorIn is an error in a column, which counts characters from 1.
func (f *formula) errorIn(column int, format string, args ...any) error {
	const margin = 60 // A long text is shown around the column.
	text := []rune(f.text)
	begin, end := max(0, column-1-margin), min(len(text), column+margin)
	shown := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, string(text[begin:end]))
	return fmt.Errorf("dstee: formula, column %d: %s\n\t%s\n\t%s^", column, fmt.Sprintf(format, args...), shown,
		strings.Repeat(" ", column-1-begin))
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

func isComparison(op token.Token) bool { return op.Precedence() == token.EQL.Precedence() }

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
	if err != nil && !errors.Is(err, strconv.ErrRange) || literal.Kind != token.INT && literal.Kind != token.FLOAT {
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
		return term{}, f.errorAt(name.Pos(), "%s needs %d arguments, got %d", name.Name, function.arity, len(call.Args))
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
