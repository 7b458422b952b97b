package dstee

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

func TestStaysZero(t *testing.T) {
	g := NewGraph(backendtest.One(t), "zeros")
	shape := shapes.Make(dtypes.Float32, 2, 3)
	weight := model.NewStore().VariableWithShape("/w", shape, initializer.Zero)
	l := &layer{path: "/w", weight: weight}
	gradient := Parameter(g, "gradient", shape)
	w, state, other := Parameter(g, "/w", shape), Parameter(g, "/m", shape), Parameter(g, "/n", shape)
	half := Const(g, float32(0.5))
	sources := map[*Node]*layer{gradient: l, other: {path: "/n", weight: weight}}
	for name, test := range map[string]struct {
		node *Node
		want bool
	}{
		"momentum":              {Add(Mul(half, state), gradient), true},
		"first moment of Adam":  {Add(Mul(half, state), Mul(OneMinus(half), gradient)), true},
		"second moment of Adam": {Add(Mul(half, state), Mul(OneMinus(half), Square(gradient))), true},
		"Adamax":                {Max(Mul(half, state), Abs(gradient)), true},
		"weight decay":          {Add(state, Add(gradient, Mul(w, half))), true},
		"in another dtype":      {Add(state, ConvertDType(ConvertDType(gradient, dtypes.Float64), dtypes.Float32)), true},
		"epsilon added":         {Add(Mul(half, state), Add(Square(gradient), half)), false},
		"divided":               {Div(gradient, state), false},
		"another's state":       {Add(Mul(half, state), other), false},
		"of all entries":        {Add(state, Mul(Ones(g, shape), ReduceAllSum(gradient))), false},
		"exponential":           {Exp(state), false},
		"where":                 {Where(GreaterThan(gradient, state), state, gradient), false},
	} {
		require.Equal(t, test.want, staysZero(test.node, l, "/m", sources), name)
	}
}
