package dstee

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Acquisition scores the weights of a layer. As a growth score it says which inactive weights to activate: those of
// highest score. As a drop score it says which active weights to keep: those of highest score. Ties go to the lowest
// flat index.
//
// A new one is a function of [Signals] written with GoMLX graph operations:
//
//	mine := dstee.Acquisition{Name: "rare gradients", Score: func(s *dstee.Signals) *graph.Node {
//		return graph.Div(graph.Abs(s.Gradient), graph.AddScalar(s.VisitCount(), 1))
//	}}
//	sparse := dstee.New(0.05).Grow(mine)
type Acquisition struct {
	// Name identifies the acquisition to people, for instance in reports.
	Name string

	// Score builds the graph of the score: Float32, of the shape of the weights. A NaN score ranks below all others.
	// Scores of the entries that are not eligible (active ones when growing) are ignored.
	Score func(s *Signals) *Node

	// Params are the numbers that the score reads with [Signals.Param]. They are inputs of the compiled graph: a
	// schedule may change them from update to update without recompilation.
	Params []Param
}

// Param is a named number of an [Acquisition], that may change with the training step.
type Param struct {
	Name  string
	Value Schedule
}

// Signals is what an [Acquisition] may look at: the state of one layer at a mask update.
type Signals struct {
	Weight   *Node // Float32, the layer's weights; zero where inactive.
	Gradient *Node // Float32, the gradient of the loss with respect to the dense weights.
	Mask     *Node // Bool, true where active before the update.
	Visits   *Node // Int32, N: the number of topologies in which each weight was active, the first included.
	Step     *Node // Float32 scalar, t: the optimizer step, counted from 1.
	LogStep  *Node // Float32 scalar, ln t.

	params     map[string]*Node
	seed       *Node // Uint32 scalar
	numRandoms uint32
}

// Param returns the acquisition's number of the given name at this step, a Float32 scalar.
// It panics if the acquisition does not declare it in Params.
func (s *Signals) Param(name string) *Node {
	param, found := s.params[name]
	if !found {
		names := make([]string, 0, len(s.params))
		for known := range s.params {
			names = append(names, known)
		}
		slices.Sort(names)
		exceptions.Panicf("dstee: the acquisition reads the parameter %q, which its Params do not declare: they are %q", name, names)
	}
	return param
}

// VisitCount returns Visits as Float32.
func (s *Signals) VisitCount() *Node {
	return ConvertDType(s.Visits, dtypes.Float32)
}

// Random returns numbers drawn uniformly from [0, 1), Float32 of the shape of the weights. They depend on the seed of
// the run, the layer and the step alone, and are the same on every backend. Each call draws anew.
//
// The generator hashes the flat index with the finalizer of MurmurHash3 (Appleby, public domain): integer arithmetic,
// hence the same bits everywhere, unlike GoMLX's generator, which differs from backend to backend.
func (s *Signals) Random() *Node {
	g := s.Weight.Graph()
	s.numRandoms++
	n := s.Weight.Shape().Size()
	x := Iota(g, shapes.Make(dtypes.Uint32, n), 0)
	x = hash32(Add(x, hash32(Add(s.seed, Const(g, s.numRandoms*0x9E3779B9)))))
	x = hash32(BitwiseXor(x, s.seed))
	// 24 bits fill the mantissa: the conversion is exact.
	uniform := MulScalar(ConvertDType(BitwiseShiftRightLogical(x, Const(g, uint32(8))), dtypes.Float32), 1.0/(1<<24))
	return Reshape(uniform, s.Weight.Shape().Dimensions...)
}

// hash32 is the finalizer of MurmurHash3 on Uint32.
func hash32(x *Node) *Node {
	g := x.Graph()
	x = BitwiseXor(x, BitwiseShiftRightLogical(x, Const(g, uint32(16))))
	x = Mul(x, Const(g, uint32(0x85EBCA6B)))
	x = BitwiseXor(x, BitwiseShiftRightLogical(x, Const(g, uint32(13))))
	x = Mul(x, Const(g, uint32(0xC2B2AE35)))
	return BitwiseXor(x, BitwiseShiftRightLogical(x, Const(g, uint32(16))))
}

// DSTEE is the growth score of DST-EE in the form of the paper (Huang et al., DAC 2023):
//
//	|∂L/∂W| + c·ln t / (N + ε)
//
// The larger c is, the more growth prefers weights seldom active. c 0 is [RigL].
func DSTEE(c, epsilon Schedule) Acquisition {
	return Acquisition{
		Name:   "dst-ee",
		Params: []Param{{"c", c}, {"epsilon", epsilon}},
		Score: func(s *Signals) *Node {
			return Add(Abs(s.Gradient), explorationBonus(s))
		},
	}
}

// DSTEEReference is the growth score as the code of DST-EE's first author computes it (harveyp123/ICCD_SpTrn_SLR,
// Masking.ucb_growth), which adds the bonus to the signed gradient:
//
//	|∂L/∂W + c·ln t / (N + ε)|
//
// It favours weights with a positive gradient; [DSTEE] does not.
func DSTEEReference(c, epsilon Schedule) Acquisition {
	return Acquisition{
		Name:   "dst-ee-reference",
		Params: []Param{{"c", c}, {"epsilon", epsilon}},
		Score: func(s *Signals) *Node {
			return Abs(Add(s.Gradient, explorationBonus(s)))
		},
	}
}

// explorationBonus is c·ln t / (N + ε).
func explorationBonus(s *Signals) *Node {
	return Div(Mul(s.Param("c"), s.LogStep), Add(s.VisitCount(), s.Param("epsilon")))
}

// RigL grows where the gradient is largest (Evci et al., ICML 2020): |∂L/∂W|.
func RigL() Acquisition {
	return Acquisition{Name: "rigl", Score: func(s *Signals) *Node { return Abs(s.Gradient) }}
}

// SET grows at random (Mocanu et al., 2018).
func SET() Acquisition {
	return Acquisition{Name: "set", Score: (*Signals).Random}
}

// Magnitude is the drop score of all the above: the weights of smallest |W| are dropped.
func Magnitude() Acquisition {
	return Acquisition{Name: "magnitude", Score: func(s *Signals) *Node { return Abs(s.Weight) }}
}

// Defaults of DST-EE. The code of its first author has ε 1, and c 1e-5 unless its scripts set 1e-2: c lies between.
const (
	DefaultC       = 1e-4
	DefaultEpsilon = 1.0
)

// growths and drops are the acquisitions that have a name, for hyperparameters.
var (
	growths = map[string]func(c, epsilon Schedule) Acquisition{
		"dst-ee":           DSTEE,
		"dst-ee-reference": DSTEEReference,
		"rigl":             func(_, _ Schedule) Acquisition { return RigL() },
		"set":              func(_, _ Schedule) Acquisition { return SET() },
	}
	drops = map[string]func() Acquisition{"magnitude": Magnitude}
)

// GrowthByName returns the growth score of the given name: "dst-ee", "dst-ee-reference", "rigl" or "set". c and
// epsilon are used by the first two.
func GrowthByName(name string, c, epsilon Schedule) (Acquisition, error) {
	newGrowth, found := growths[name]
	if !found {
		return Acquisition{}, fmt.Errorf("dstee: unknown growth %q, the known ones are %s", name, sortedKeys(growths))
	}
	return newGrowth(c, epsilon), nil
}

// DropByName returns the drop score of the given name: "magnitude".
func DropByName(name string) (Acquisition, error) {
	newDrop, found := drops[name]
	if !found {
		return Acquisition{}, fmt.Errorf("dstee: unknown drop %q, the known ones are %s", name, sortedKeys(drops))
	}
	return newDrop(), nil
}

// sortedKeys lists the keys of m for an error message.
func sortedKeys[V any](m map[string]V) string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, fmt.Sprintf("%q", key))
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}

// over returns the acquisition for a run of the given number of steps.
func (a Acquisition) over(steps int) Acquisition {
	a.Params = slices.Clone(a.Params)
	for i := range a.Params {
		a.Params[i].Value = a.Params[i].Value.Over(steps)
	}
	return a
}

// inputs returns the scalars that the score's graph takes after the layer's tensors, at the given step.
func (a Acquisition) inputs(step int, seed uint32) []any {
	scalars := []any{float32(step), float32(math.Log(float64(step))), seed}
	for _, param := range a.Params {
		scalars = append(scalars, float32(param.Value.At(step)))
	}
	return scalars
}

// graph builds the score from its inputs: the layer's weight, gradient, mask and visits, and the scalars of inputs.
func (a Acquisition) graph(inputs []*Node) *Node {
	weight := ConvertDType(inputs[0], dtypes.Float32)
	s := &Signals{
		Weight:   weight,
		Gradient: ConvertDType(inputs[1], dtypes.Float32),
		Mask:     inputs[2],
		Visits:   inputs[3],
		Step:     inputs[4],
		LogStep:  inputs[5],
		seed:     inputs[6],
		params:   make(map[string]*Node, len(a.Params)),
	}
	for i, param := range a.Params {
		s.params[param.Name] = inputs[7+i]
	}
	score := a.Score(s)
	if score == nil || !score.Shape().Equal(weight.Shape()) {
		exceptions.Panicf("dstee: the acquisition %q must return a score of the weights' shape %s, got %v", a.Name, weight.Shape(), score)
	}
	return score
}
