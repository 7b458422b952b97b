package dstee_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// scorer returns the function that gives the growth scores of a layer at a step, as bits; all NaN are one.
func scorer(t testing.TB, backend compute.Backend, grow dstee.Acquisition) func(state dstee.LayerState, step int) []uint32 {
	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, dstee.OnHost)
	require.NoError(t, err)
	return func(state dstee.LayerState, step int) []uint32 {
		t.Helper()
		if state.Momentum == nil {
			state.Momentum = state.Gradient
		}
		state.Round, state.TotalSteps = 1+step/2, 2*step
		state, err := updater.Remember(state, step, 11)
		require.NoError(t, err)
		scores, err := updater.GrowScores(state, step, 11)
		require.NoError(t, err)
		bits := make([]uint32, len(scores))
		for i, score := range scores {
			if score != score {
				score = float32(math.NaN())
			}
			bits[i] = math.Float32bits(score)
		}
		return bits
	}
}

// A formula's scores are those of its Go form to the last bit, on both backends.
func TestFormulaEqualsGo(t *testing.T) {
	tests := map[string]dstee.Acquisition{
		"abs(g) + 1e-3*log(t)/(n+1)":             dstee.DSTEE(dstee.Constant(1e-3), dstee.Constant(1)),
		"abs(gradient) + 0.3*lnt/(visits + 0.1)": dstee.DSTEE(dstee.Constant(0.3), dstee.Constant(0.1)),
		"abs(g + 3e-3 * ln(step) / (n + 1))":     dstee.DSTEEReference(dstee.Constant(3e-3), dstee.Constant(1)),
		"abs(g)":                                 dstee.RigL(),
		"random":                                 dstee.SET(),
		"abs(weight)":                            dstee.Magnitude(),
		"abs(w) + 0.1*abs(g)":                    mest(0.1),
		"normal":                                 inGo((*dstee.Signals).Normal),
		"abs(momentum)":                          inGo(func(s *dstee.Signals) *Node { return Abs(s.Momentum()) }),
		"(round - last) * step / steps": inGo(func(s *dstee.Signals) *Node {
			return Div(s.Rounded(Mul(Sub(s.Round, s.LastActive()), s.Step)), s.TotalSteps)
		}, dstee.LastActive),
	}
	want := map[string][]uint32{}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for text, inGo := range tests {
			formula := dstee.MustFormula(text)
			require.Equal(t, text, formula.Name)
			ofFormula, ofGo := scorer(t, backend, formula), scorer(t, backend, inGo)
			for seed, step := range []int{1, 2, 700, 123456} {
				state, _ := randomLayer(uint64(seed), 2000)
				key := fmt.Sprint(text, step)
				scores := ofFormula(state, step)
				if want[key] == nil {
					want[key] = scores
				}
				require.Equal(t, want[key], scores, "%s at step %d", text, step)
				require.Equal(t, ofGo(state, step), scores, "%s at step %d", text, step)
			}
		}
	})
}

// inGo is an acquisition without parameters.
func inGo(score func(s *dstee.Signals) *Node, memory ...dstee.Memory) dstee.Acquisition {
	return dstee.Acquisition{Name: "in Go", Score: score, Memory: memory}
}

// A formula and its Go form give identical runs, on both backends: the same masks of all layers at every round, and the same
// of all else that the store holds at the end.
func TestFormulaTrainsAsGo(t *testing.T) {
	overdue := inGo(func(s *dstee.Signals) *Node { return s.Rounded(Mul(Abs(s.Gradient), Sub(s.Round, s.LastActive()))) }, dstee.LastActive)
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		run := func(grow dstee.Acquisition) (masks [][]bool, end map[string]*tensors.Tensor) {
			store := newStore(t)
			sparse := dstee.New(0.2).DeltaT(5).Grow(grow).OnUpdate(func(*dstee.MaskUpdate) error {
				for _, path := range testWeights {
					masks = append(masks, flat[bool](t, store, dstee.Scope+path+"/mask"))
				}
				return nil
			})
			s := newSession(backend, store, testModel, sparse, optimizer.Adam().LearningRate(0.01).Done())
			require.NoError(t, firstError(s.loop.RunSteps(testData{}, 30)))
			return masks, snapshot(t, store)
		}
		for text, inGo := range map[string]dstee.Acquisition{
			"abs(g) + 1e-3*log(t)/(n+1)": dstee.DSTEE(dstee.Constant(1e-3), dstee.Constant(1)),
			"abs(g)*(round - last)":      overdue,
		} {
			masks, want := run(inGo)
			require.Len(t, masks, 6*len(testWeights))
			require.NotEqual(t, masks[1], masks[16])
			masksOfFormula, got := run(dstee.MustFormula(text))
			require.Equal(t, masks, masksOfFormula, text)
			for path, value := range want {
				if !strings.HasPrefix(path, "/metrics/") { // Named at random.
					require.NotNil(t, got[path], path)
					require.True(t, value.Equal(got[path]), "%s: %s", text, path)
				}
			}
		}
	})
}

// mest is |w| + λ|g| in Go.
func mest(lambda float64) dstee.Acquisition {
	return dstee.Acquisition{
		Name:   "mest",
		Params: []dstee.Param{{Name: "lambda", Value: dstee.Constant(lambda)}},
		Score: func(s *dstee.Signals) *Node {
			return Add(Abs(s.Weight), s.Rounded(Mul(s.Param("lambda"), Abs(s.Gradient))))
		},
	}
}

// roughLayer draws the state of a layer with everything that floats can be: numbers of all sizes, zeros of both signs,
// infinities and NaN.
func roughLayer(seed uint64, n int) (state dstee.LayerState, w, g []float32, mask []bool, visits []int32) {
	rng := rand.New(rand.NewPCG(seed, 5))
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2, 0.5, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
		0x1p-126, 0x1p-127, -0x1p-149, math.MaxFloat32}
	draw := func() float32 {
		switch rng.IntN(4) {
		case 0:
			return special[rng.IntN(len(special))]
		case 1:
			return float32(rng.NormFloat64() * math.Pow(10, 90*(rng.Float64()-0.5)))
		}
		return float32(rng.NormFloat64())
	}
	w, g, mask, visits = make([]float32, n), make([]float32, n), make([]bool, n), make([]int32, n)
	for i := range w {
		w[i], g[i], mask[i], visits[i] = draw(), draw(), rng.IntN(2) == 0, int32(rng.IntN(30))
	}
	return dstee.LayerState{
		Weight:   tensors.FromFlatDataAndDimensions(w, n/10, 10),
		Gradient: tensors.FromFlatDataAndDimensions(g, n/10, 10),
		Mask:     tensors.FromFlatDataAndDimensions(mask, n/10, 10),
		Visits:   tensors.FromFlatDataAndDimensions(visits, n/10, 10),
	}, w, g, mask, visits
}

// flush is what formulas make of numbers below the normal range, and of -0.
func flush(x float32) float32 {
	if math.Abs(float64(x)) <= 0x1p-126 {
		return 0
	}
	return x
}

// What formulas compute is what Go does, rounded after each operation, on both backends, on everything that floats can
// be.
func TestFormulaArithmetic(t *testing.T) {
	type values struct{ w, g, m, n float32 }
	const step = 700
	when := func(condition bool, x, y float32) float32 {
		if condition {
			return x
		}
		return y
	}
	add := func(x, y float32) float32 { return flush(x + y) }
	sub := func(x, y float32) float32 { return flush(x - y) }
	mul := func(x, y float32) float32 { return flush(x * y) }
	div := func(x, y float32) float32 { return flush(x / y) }
	of := func(fn func(float64) float64, x float32) float32 { return flush(float32(fn(float64(x)))) }
	pow := func(x, y float32) float32 { return flush(float32(math.Pow(float64(x), float64(y)))) }
	tests := map[string]func(v values) float32{
		"w*g + n":                    func(v values) float32 { return add(mul(v.w, v.g), v.n) },
		"g/w/(n+1) - -2":             func(v values) float32 { return sub(div(div(v.g, v.w), v.n+1), -2) },
		"w/(g/3)":                    func(v values) float32 { return div(v.w, div(v.g, 3)) },
		"g/sqrt(n)":                  func(v values) float32 { return div(v.g, of(math.Sqrt, v.n)) },
		"1/3*w + m*0.1*(1-g)":        func(v values) float32 { return add(mul(1./3, v.w), mul(mul(v.m, 0.1), sub(1, v.g))) },
		"min(g, w) + max(w, 2*g)":    func(v values) float32 { return add(min(v.g, v.w), max(v.w, mul(2, v.g))) },
		"where(g > 0, n, w)":         func(v values) float32 { return when(v.g > 0, v.n, v.w) },
		"where(t > 600, 7, n)":       func(values) float32 { return 7 },
		"(g<=w)*2 + (g==0) + (w!=1)": func(v values) float32 { return when(v.g <= v.w, 2, 0) + when(v.g == 0, 1, 0) + when(v.w != 1, 1, 0) },
		"(m>=1)*(n<7)*sign(+g)": func(v values) float32 {
			return mul(v.m*when(v.n < 7, 1, 0), when(v.g > 0, 1, when(v.g < 0, -1, v.g)))
		},
		"square(g) - pow(w, 2)":   func(v values) float32 { return sub(mul(v.g, v.g), mul(v.w, v.w)) },
		"log(g)":                  func(v values) float32 { return of(math.Log, v.g) },
		"exp(g)":                  func(v values) float32 { return of(math.Exp, v.g) },
		"pow(g, w)":               func(v values) float32 { return pow(v.g, v.w) },
		"pow(w, n)":               func(v values) float32 { return pow(v.w, v.n) },
		"-w*g + n < 2":            func(v values) float32 { return when(add(mul(-v.w, v.g), v.n) < 2, 1, 0) },
		"t*m/log(t)":              func(v values) float32 { return div(mul(step, v.m), of(math.Log, step)) },
		"(t/2 + ln(2))*pow(2, 3)": func(values) float32 { return mul(add(step/2, math.Ln2), 8) },
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		state, w, g, mask, visits := roughLayer(1, 5000)
		for text, want := range tests {
			bits := scorer(t, backend, dstee.MustFormula(text))(state, step)
			for i := range bits {
				v := values{w: flush(w[i]), g: flush(g[i]), m: when(mask[i], 1, 0), n: float32(visits[i])}
				got, expected := math.Float32frombits(bits[i]), want(v)
				if got != expected && !(got != got && expected != expected) {
					t.Fatalf("%s at %+v: got %g, want %g", text, v, got, expected)
				}
			}
		}
	})
}

// randomFormula draws a formula of the given depth.
func randomFormula(rng *rand.Rand, depth int) string {
	if depth == 0 {
		leaves := []string{"w", "g", "m", "n", "t", "lnt", "random", "0.3", "3"}
		return leaves[rng.IntN(len(leaves))]
	}
	x := func() string { return randomFormula(rng, depth-1) }
	switch rng.IntN(8) {
	case 0:
		unary := []string{"abs", "sqrt", "square", "exp", "log", "sign", "-"}
		return fmt.Sprintf("%s(%s)", unary[rng.IntN(len(unary))], x())
	case 1:
		binary := []string{"min", "max", "pow"}
		return fmt.Sprintf("%s(%s, %s)", binary[rng.IntN(len(binary))], x(), x())
	case 2:
		return fmt.Sprintf("where(%s, %s, %s)", x(), x(), x())
	}
	operators := []string{"+", "-", "*", "/", "<", "!="}
	return fmt.Sprintf("(%s %s %s)", x(), operators[rng.IntN(len(operators))], x())
}

// Any formula has the same bits on XLA and on Go.
func TestFormulaSameBitsOnBothBackends(t *testing.T) {
	want := map[string][]uint32{}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		state, _, _, _, _ := roughLayer(2, 2000)
		rng := rand.New(rand.NewPCG(1, 1))
		for range 12 {
			text := "g + " + randomFormula(rng, 3)
			formula, err := dstee.Formula(text)
			if err != nil {
				require.ErrorContains(t, err, "the number is", text)
				continue
			}
			bits := scorer(t, backend, formula)(state, 77)
			if want[text] == nil {
				want[text] = bits
			}
			require.Equal(t, want[text], bits, text)
		}
	})
}

// In place of a test for each rejection: what is wrong, the column, and what would be right.
func TestFormulaErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":      "column 1: the formula is empty",
		" \t\n": "column 1: the formula is empty",
		"abs(grad) + 1": `column 5: unknown name "grad": did you mean "gradient"?; the signals are ` +
			"[w weight g gradient m mask n visits last momentum random normal t step lnt steps round]\n\tabs(grad) + 1\n\t    ^",
		"abs(g)/N":           `column 8: unknown name "N": did you mean "n"?`,
		"αβγ + g":            `column 1: unknown name "αβγ"; the signals`,
		"1 + λ*abs(g)":       `column 5: unknown name "λ"`,
		"g + abss(w)":        `column 5: unknown function "abss": did you mean "abs"?; the functions are [abs exp ln log max min pow sign sqrt square where]`,
		"abs":                "column 1: abs is a function: write abs(…)",
		"3 + g(2)":           "column 5: g is a signal, not a function; to multiply, write *",
		"(1+g)(w)":           "column 6: only a function can stand before a parenthesis",
		"abs(g, w)":          "column 1: abs has the wrong number of arguments: got 2, want 1",
		"1 + min(g)":         "column 5: min has the wrong number of arguments: got 1, want 2",
		"min(g, w...)":       `column 9: unknown operator "..."`,
		"abs(g":              "column 6: missing ',' before the end in argument list",
		"abs(g))":            "column 7: expected the end, found ')'",
		"g +":                "column 4: expected operand, found the end",
		"g + * w":            "column 5: expected operand, found '*'",
		"g w":                "column 3: expected the end, found w",
		"g ^ 2":              `column 3: unknown operator "^": write pow(x, y) for a power`,
		"g ** 2":             "column 4: expected operand, found '*' (a power is pow(x, y))",
		"|g|":                "column 1: expected operand, found '|' (|x| is abs(x))",
		"g % 2":              `column 3: unknown operator "%": the operators are + - * /`,
		"g > 0 && w > 0":     `column 7: unknown operator "&&": multiply the conditions`,
		"!g":                 `column 1: unknown operator "!": write x == 0`,
		"where(0<n<5, g, w)": "column 10: comparisons do not chain",
		`"g"`:                `column 1: "g" is not a decimal number`,
		"g + 0x1F":           "column 5: 0x1F is not a decimal number",
		"g + 0x1p-2":         "column 5: 0x1p-2 is not a decimal number",
		"g + 0777":           "column 5: 0777 is not a decimal number",
		"g + 1_000":          "column 5: 1_000 is not a decimal number",
		"g + 'a'":            "column 5: 'a' is not a decimal number",
		"g + 2i":             "column 5: 2i is not a decimal number",
		"g + 1e39":           "column 5: the number is 1e+39, which is not 0 or between 1.2e-38 and 3.4e+38 in size",
		"g * 1e-39":          "column 5: the number is 1e-39",
		"g * (1 - 3/0)":      "column 6: the number is -Inf",
		"w.g":                "column 1: formulas have numbers, signals",
		"g[0]":               "column 1: formulas have numbers, signals",
		"func() {}":          "column 1: formulas have numbers, signals",
		"1e-3*log(2)":        "column 1: the formula reads no signal",
		"g // w":             `column 3: Go would take "//" for the start of a comment`,
		"g /* w":             `column 3: Go would take "/*" for the start of a comment`,
		"g·w":                "column 2: illegal character U+00B7 '·'",
		"g + \xff":           "column 5: illegal character U+FFFD",
		"g + \x00":           "column 5: illegal character NUL",

		strings.Repeat("(", 1001):                                  "column 1001: the formula has 1001 characters, more than the 1000 allowed",
		"w" + strings.Repeat("-w", 201):                            "column 1: the formula has more than 200 operations",
		strings.Repeat("log(", 21) + "g" + strings.Repeat(")", 21): "column 1: the formula has more than 200 operations, of which exp and log",
		strings.Repeat("- ", 499) + "g":                            "column 597: the formula has more than 200 operations",
	} {
		_, err := dstee.Formula(text)
		require.ErrorContains(t, err, want, "%q", text)
		require.Panics(t, func() { dstee.MustFormula(text) })
		lines := strings.Split(err.Error(), "\n")
		require.Len(t, lines, 3, "%q", text)
		require.Less(t, utf8.RuneCountInString(lines[1]), 140)
		require.LessOrEqual(t, strings.Index(lines[2], "^"), utf8.RuneCountInString(lines[1]), "the caret is under the text")
	}
}

// A formula keeps its limits far from what would hurt: the worst that is accepted compiles, and scores.
func TestFormulaLimits(t *testing.T) {
	backend := backendtest.Get(t, "go")
	state, _ := randomLayer(1, 100)
	for _, text := range []string{
		strings.Repeat("(", 499) + "g" + strings.Repeat(")", 499),
		strings.Repeat("pow(w,", 10) + "g" + strings.Repeat(")", 10),
		"w" + strings.Repeat("-w/g", 100),
		strings.Repeat("+ ", 499) + "g",
	} {
		require.Len(t, scorer(t, backend, dstee.MustFormula(text))(state, 3), 100)
	}
}

var columnPattern = regexp.MustCompile(`^dstee: formula, column (\d+): `)

// No text does harm: it is a formula that scores a layer, or an error with a column in it.
func FuzzFormula(f *testing.F) {
	for _, text := range []string{"abs(g) + 1e-3*log(t)/(n+1)", "where(m == 0, -random, 1e9)", "pow(g,2)", "max(w,min(g,", "\xff", "g//", "1/0+g",
		"func(){}", "g\n+w", "-(-(-t))", "[]int{}", "a.b.c", "exp(1e9*w)", "(round-last)*normal/steps - momentum"} {
		f.Add(text)
	}
	backend, err := backends.Open("go")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		formula, err := dstee.Formula(text)
		if err != nil {
			match := columnPattern.FindStringSubmatch(err.Error())
			require.NotNil(t, match, err)
			column, _ := strconv.Atoi(match[1])
			require.Positive(t, column)
			require.LessOrEqual(t, column, utf8.RuneCountInString(text)+1)
			return
		}
		state := dstee.LayerState{
			Weight:   tensors.FromValue([][]float32{{0, -0.5}, {2, 0}}),
			Gradient: tensors.FromValue([][]float32{{1, 0}, {float32(math.NaN()), float32(math.Inf(1))}}),
			Mask:     tensors.FromValue([][]bool{{false, true}, {true, false}}),
			Visits:   tensors.FromValue([][]int32{{0, 3}, {1, 1}}),
		}
		require.Len(t, scorer(t, backend, formula)(state, 2), 4)
	})
}

func ExampleFormula() {
	sparse := dstee.New(0.05).Grow(dstee.MustFormula("abs(g) + 1e-3*log(t)/(n+1)"))
	_ = sparse // As any other: see the package's example.

	_, err := dstee.Formula("abs(grad) + 1e-3*log(t)/(n+1)")
	fmt.Println(err)
	// Output:
	// dstee: formula, column 5: unknown name "grad": did you mean "gradient"?; the signals are [w weight g gradient m mask n visits last momentum random normal t step lnt steps round]
	// 	abs(grad) + 1e-3*log(t)/(n+1)
	// 	    ^
}
