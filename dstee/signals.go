package dstee

import (
	"errors"
	"maps"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/sparsekernel/sparsekernel/internal/hash"
)

// Signals is what an [Acquisition] may look at: the state of one layer at a mask update. Those that are methods cost
// nothing unless they are called.
type Signals struct {
	Weight     *Node // Float32, the layer's weights; zero where inactive, but see [Sparsifier.Reserve].
	Gradient   *Node // Float32, the gradient of the loss with respect to the dense weights, see [Sparsifier.GradientMomentum].
	Mask       *Node // Bool, true where active before the update.
	Visits     *Node // Int32, N: the number of topologies in which each weight was active, the first included.
	Step       *Node // Float32 scalar, t: the optimizer step, counted from 1.
	LogStep    *Node // Float32 scalar, ln t.
	TotalSteps *Node // Float32 scalar, the number of optimizer steps of the run; 0 if it is not known.
	Round      *Node // Float32 scalar, the number of this mask update, counted from 1.

	params     map[string]*Node
	memory     map[string]*Node
	momentum   *Node   // Nil if the optimizer keeps none.
	seed       *Node   // Uint32 scalar
	numRandoms *uint32 // Shared by the parts of a composed acquisition, so that each draws its own numbers.
	path       *layerPath
}

// layerPath is the path of the layer whose graph is built, and whether the graph depends on it.
type layerPath struct {
	path string
	read bool
}

// Param returns the acquisition's number of the given name at this step, a Float32 scalar.
// It panics if the acquisition does not declare it in Params.
func (s *Signals) Param(name string) *Node { return declared(s.params, name, "parameter", "Params") }

// Memory returns what the acquisition remembers under the given name, this update included: Float32 of the shape of the
// weights. In [Memory]'s Update it is what was remembered before.
// It panics if the acquisition does not declare it in Memory.
func (s *Signals) Memory(name string) *Node { return declared(s.memory, name, "memory", "Memory") }

// declared looks up what an acquisition must have declared.
func declared(known map[string]*Node, name, what, field string) *Node {
	node, found := known[name]
	if !found {
		exceptions.Panicf("dstee: the acquisition reads the %s %q, which its %s do not declare: they are %q", what, name, field,
			slices.Sorted(maps.Keys(known)))
	}
	return node
}

// VisitCount returns Visits as Float32.
func (s *Signals) VisitCount() *Node {
	return ConvertDType(s.Visits, dtypes.Float32)
}

// LastActive returns the round of the last topology in which each weight was active, Float32 of the shape of the weights:
// 0 for the first masks, r for those after mask update r, -1 if it never was. The acquisition must declare [LastActive] in
// its Memory.
func (s *Signals) LastActive() *Node { return s.Memory(lastActive) }

// errNoMomentum is what a score panics with that asks for a moment that is not there.
var errNoMomentum = errors.New("the score reads the optimizer's first moment, which this optimizer does not keep: GoMLX's Adam, AdamW and " +
	"Adamax do, and optimizers.SGD with Momentum")

// Momentum returns the optimizer's first moment of the weights, Float32 of their shape: the _1st_moment of GoMLX's Adam, the
// _momentum of package optimizers. It is zero where a weight is inactive, since inactive weights have no optimizer state;
// for the momentum of all weights let Gradient be one, with [Sparsifier.GradientMomentum].
//
// It panics if the optimizer keeps none, which the mask update reports as an error.
func (s *Signals) Momentum() *Node {
	if s.momentum == nil {
		panic(errNoMomentum)
	}
	return s.momentum
}

// Path returns the path of the layer's weight in the store. It is a Go value: the score may be another function for each
// layer, at the price of compiling it for each.
func (s *Signals) Path() string {
	s.path.read = true
	return s.path.path
}

// Random returns numbers drawn uniformly from [0, 1), Float32 of the shape of the weights. They depend on the seed of
// the run, the layer and the step alone, and are the same on every backend. Each call draws anew.
//
// The generator hashes the flat index with the finalizer of MurmurHash3 (Appleby, public domain): integer arithmetic,
// hence the same bits everywhere, unlike GoMLX's generator, which differs from backend to backend.
func (s *Signals) Random() *Node {
	// 24 bits fill the mantissa: the conversion is exact.
	bits := BitwiseShiftRightLogical(s.randomBits(), Const(s.Weight.Graph(), uint32(8)))
	return MulScalar(ConvertDType(bits, dtypes.Float32), 1.0/(1<<24))
}

// Normal returns numbers of mean 0 and variance 1 that are all but normally distributed, Float32 of the shape of the
// weights. As those of [Signals.Random], they are the same on every backend, and each call draws anew.
//
// Each is the sum of twelve uniform numbers of 16 bits, less its mean (the Irwin–Hall distribution): it lies within ±6,
// is exact in Float32, and has a kurtosis of 2.9 where the normal distribution has 3.
func (s *Signals) Normal() *Node {
	g := s.Weight.Graph()
	half := Const(g, uint32(16))
	sum := Zeros(g, shapes.Make(dtypes.Uint32, s.Weight.Shape().Dimensions...))
	for range 6 {
		bits := s.randomBits()
		low := BitwiseAnd(bits, Const(g, uint32(0xFFFF)))
		sum = Add(sum, Add(low, BitwiseShiftRightLogical(bits, half)))
	}
	const mean = 6 * 0xFFFF
	centred := Sub(ConvertDType(sum, dtypes.Int32), Const(g, int32(mean)))
	return MulScalar(ConvertDType(centred, dtypes.Float32), 1.0/(1<<16))
}

// randomBits returns Uint32 numbers of the shape of the weights, all being equally likely.
func (s *Signals) randomBits() *Node {
	g := s.Weight.Graph()
	*s.numRandoms++
	x := Iota(g, shapes.Make(dtypes.Uint32, s.Weight.Shape().Size()), 0)
	x = hash.Mix32Graph(Add(x, hash.Mix32Graph(Add(s.seed, Const(g, *s.numRandoms*0x9E3779B9)))))
	x = hash.Mix32Graph(BitwiseXor(x, s.seed))
	return Reshape(x, s.Weight.Shape().Dimensions...)
}
