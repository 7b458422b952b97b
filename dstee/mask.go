package dstee

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
)

// Scope is the top scope of the variables that keep masks, visits and gradients: those of the weight with path P are
// Scope + P + "/mask" and so on.
const Scope = "/dstee"

// layerScope returns the scope of the variables of the weight with the given path.
func layerScope(weightPath string) string { return Scope + weightPath }

// fillMask activates inactive units at random, until count are active, or as many in each group as the layout gives the
// living columns, all such masks being equally likely. The same seed and path give the same mask on every machine.
//
// It is selection sampling (Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S).
func fillMask(units []bool, l layout, count int, living []bool, seed int64, path string) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(path)) // Never fails.
	rng := rand.New(rand.NewPCG(uint64(seed), hash.Sum64()))
	// fill draws among n units, each stride after the one before.
	fill := func(first, stride, n, count int) {
		need, left := count, n
		for j := range n {
			if units[first+j*stride] {
				need--
				left--
			}
		}
		for j := range n {
			i := first + j*stride
			if units[i] {
				continue
			}
			if rng.IntN(left) < need {
				units[i] = true
				need--
			}
			left--
		}
	}
	if !l.grouped() {
		fill(0, 1, len(units), count)
		return
	}
	counts := l.groupCounts(count, living)
	for group := range len(units) / l.groupRows {
		first, stride := l.members(group)
		fill(first, stride, l.groupRows, counts[group%stride])
	}
}

// initialMask returns the first mask of a weight, of count active weights. A weight that is already as sparse as it must be,
// for instance one loaded from a sparse model without its mask, keeps its pattern, if that is within the structure; any other
// gets a random one.
func initialMask(weight *model.Variable, l layout, count int, seed int64) (*tensors.Tensor, error) {
	units := make([]bool, l.units())
	count /= l.unit()
	living := slices.Repeat([]bool{true}, l.columns())
	if weight.HasValue() {
		value, err := weight.Value()
		if err != nil {
			return nil, fmt.Errorf("dstee: reading weight %q: %w", weight.Path(), err)
		}
		nonZero, err := nonZeros(value)
		if err != nil {
			return nil, err
		}
		if loaded := l.unitsOf(nonZero); l.within(loaded, count) {
			units, living = loaded, l.living(l.perColumn(loaded))
		}
	}
	fillMask(units, l, count, living, seed, weight.Path())
	return tensors.FromFlatDataAndDimensions(l.expand(units), weight.Shape().Dimensions...), nil
}

// nonZeros tells which entries of a float tensor are not zero.
func nonZeros(t *tensors.Tensor) ([]bool, error) {
	mask := make([]bool, t.Size())
	width := t.DType().Size()
	err := t.ConstBytes(func(data []byte) {
		for i := range mask {
			// All float formats of GoMLX are little-endian, with the sign in the highest bit: ±0 is all zeros but for it.
			var bits byte
			for b := range width {
				if b == width-1 {
					bits |= data[i*width+b] & 0x7F
				} else {
					bits |= data[i*width+b]
				}
			}
			mask[i] = bits != 0
		}
	})
	return mask, err
}

// MaskedValue returns the value of a layer's weights with the inactive entries zero, for the layer's forward pass in
// graph g. It is what makes a layer sparse by itself (package layers): without a [Sparsifier] the layer's mask is
// random, with the density of [ParamDensity], and stays; with one, the Sparsifier decides the mask and moves it.
//
// In a graph that trains, the gradient that the optimizer sees is the dense one, and the weights are masked again after
// the optimizer, so that what is stored is sparse.
//
// It panics if the density or the structure set in the scope is not valid, as graph building functions do.
func MaskedValue(scope *model.Scope, g *graph.Graph, weights *model.Variable) *graph.Node {
	density := model.GetParamOr(scope, ParamDensity, DefaultDensity)
	if err := checkDensity(density, fmt.Sprintf("the density of scope %q", scope.Scope())); err != nil {
		panic(err)
	}
	structure, err := structureOf(scope, Unstructured())
	if err != nil {
		panic(err)
	}
	layout, err := structure.layout(weights.Shape().Dimensions)
	if err != nil {
		panic(fmt.Errorf("%w (the weights %q)", err, weights.Path()))
	}
	mask := maskVariable(scope.Store(), weights, layout, layout.active(density))
	masked := applyMask(mask.NodeValue(g), weights.NodeValue(g))
	if !scope.IsTraining(g) {
		return masked
	}
	weights.SetNodeValue(masked)
	own := scope.Store().Scope(layerScope(weights.Path()))
	train.AddPerStepUpdateGraphFn(own, g, func(own *model.Scope, g *graph.Graph) {
		if _, managed := own.GetGraphParam(g, managedGraphParam); managed {
			return // The optimizer wrapper has masked them.
		}
		weights.SetNodeValue(applyMask(mask.NodeValue(g), weights.NodeValue(g)))
	})
	return masked
}

// managedGraphParam marks, in the scope of a weight's mask, that the optimizer wrapper masks the weight in this graph.
const managedGraphParam = "managed"

// maskVariable returns the mask of the weights. If it does not exist, it is created with a random initial value of the
// given number of active weights, which holds only if nobody sets another before it is used.
func maskVariable(store *model.Store, weights *model.Variable, l layout, active int) *model.Variable {
	shape := shapes.Make(dtypes.Bool, weights.Shape().Dimensions...)
	initializer := func(g *graph.Graph, _ shapes.Shape) *graph.Node {
		mask, err := initialMask(weights, l, active, seedOf(store))
		if err != nil {
			panic(err)
		}
		return graph.ConstTensor(g, mask)
	}
	return store.VariableWithShape(layerScope(weights.Path())+"/mask", shape, initializer).SetTrainable(false)
}

// seedOf is the seed that the store's hyperparameters set.
func seedOf(store *model.Store) int64 { return int64(model.GetRootParamOr(store, ParamSeed, 0)) }

// applyMask is x where the mask is true, and zero elsewhere.
func applyMask(mask, x *graph.Node) *graph.Node {
	return graph.Where(mask, x, graph.ZerosLike(x))
}
