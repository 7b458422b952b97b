package layers_test

import (
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	gomlx "github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/layers"
)

func TestDenseEqualsGoMLX(t *testing.T) {
	tests := []struct {
		name    string
		input   []int
		outputs []int
		bias    bool
	}{
		{"features only", []int{5}, []int{3}, true},
		{"no bias", []int{4, 5}, []int{3}, false},
		{"more dimensions", []int{2, 3, 5}, []int{3, 2}, true},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				ours, theirs := seeded(t), seeded(t)
				x := random32(1, test.input...)
				want := call(t, backend, theirs, func(scope *model.Scope, x []*Node) *Node {
					return gomlx.Dense(uniform(scope), x[0], test.bias, test.outputs...)
				}, x)
				got := call(t, backend, ours, func(scope *model.Scope, x []*Node) *Node {
					return layers.Dense(uniform(scope), x[0], test.outputs...).Bias(test.bias).Done()
				}, x)
				require.Equal(t, want.Shape(), got.Shape())
				requireClose(t, flat(want), flat(got), 1e-6, "output")
				require.Equal(t, trainable(theirs), trainable(ours))
				require.Equal(t, valueOf(t, theirs, "/dense/weights"), valueOf(t, ours, "/dense/weights"))

				sparse := call(t, backend, theirs, func(scope *model.Scope, x []*Node) *Node {
					return layers.SparseDense(scope, x[0], test.outputs...).Bias(test.bias).Density(1).Done()
				}, x)
				require.Equal(t, flat(got), flat(sparse), "the same variables, all active")
			})
		}
	})
}

func TestDenseGradient(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		requireGradient(t, backend, func(scope *model.Scope, inputs []*Node) *Node {
			feed(scope, "dense/weights", inputs[1])
			feed(scope, "dense/biases", inputs[2])
			return layers.Dense(scope, inputs[0], 3).Done()
		}, random(1, 2, 4, 5), random(2, 5, 3), random(3, 3))
	})
}

func TestDensePanics(t *testing.T) {
	backend := backendtest.Get(t, "go")
	dense := func(dims ...int) func(scope *model.Scope, x []*Node) *Node {
		return func(scope *model.Scope, x []*Node) *Node { return layers.Dense(scope, x[0], dims...).Done() }
	}
	require.Contains(t, panicOf(t, backend, dense(3), float32(1)), "rank 1 or more")
	require.Contains(t, panicOf(t, backend, dense(), []float32{1}), "at least one output dimension")
}
