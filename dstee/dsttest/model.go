package dsttest

import (
	"iter"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
)

// This file holds the model that runs train, and its data. Its two layers have one shape, so that what compiles per shape
// compiles once.
const (
	modelUnits = 16
	modelBatch = 8
)

var modelLayers = []string{"/first", "/second"}

// newModel returns a model with weights of the given dtype, made of operations that train on every backend in every
// float dtype.
func newModel(dtype dtypes.DType) train.ModelFn {
	return func(scope *model.Scope, _ any, inputs []*Node) []*Node {
		x := ConvertDType(inputs[0], dtype)
		for i, name := range modelLayers {
			own := scope.In("%s", strings.TrimPrefix(name, "/")).WithInitializer(initialValues)
			weights := own.VariableWithShape("weights", shapes.Make(dtype, modelUnits, modelUnits)).NodeValue(x.Graph())
			biases := own.VariableWithShape("biases", shapes.Make(dtype, modelUnits)).NodeValue(x.Graph())
			if i > 0 {
				x = Tanh(x)
			}
			x = Add(Dot(x, weights).Product(), ExpandLeftToRank(biases, 2))
		}
		return []*Node{ConvertDType(x, dtypes.Float32)}
	}
}

// initialValues draws the initial values of a variable, faster to compile than GoMLX's.
func initialValues(g *Graph, shape shapes.Shape) *Node {
	rng := rand.New(rand.NewPCG(17, uint64(shape.Size())))
	values := make([]float32, shape.Size())
	for i := range values {
		values[i] = float32(rng.NormFloat64() / 4)
	}
	return ConvertDType(ConstTensor(g, tensors.FromFlatDataAndDimensions(values, shape.Dimensions...)), shape.DType)
}

// batches yields batches that depend on nothing but their position, from the given one on.
type batches struct{ first int }

func (batches) Name() string { return "dsttest" }

func (d batches) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for position := d.first; ; position++ {
			rng := rand.New(rand.NewPCG(13, uint64(position)))
			x, labels := make([]float32, modelBatch*modelUnits), make([]float32, modelBatch*modelUnits)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
				labels[len(x)-1-i] = x[i]
			}
			batch := train.Batch{
				Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, modelBatch, modelUnits)},
				Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels, modelBatch, modelUnits)},
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}
