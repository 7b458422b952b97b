package layers_test

import (
	"fmt"
	"iter"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/layers/regularizer"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/layers"
)

var batchNormState = []string{"scale", "offset", "mean", "variance", "avg_weight"}

func ourBatchNorm(scope *model.Scope, inputs []*Node) *Node {
	return layers.BatchNorm(scope, inputs[0]).Momentum(0.7).Epsilon(1e-2).Done()
}

func gomlxBatchNorm(scope *model.Scope, inputs []*Node) *Node {
	return norm.BatchNorm(scope, inputs[0], -1).Momentum(0.7).Epsilon(1e-2).Done()
}

// Trained, evaluated and its averages updated as GoMLX's on XLA, whose own does not run on pure Go: the values that the
// latter must reach are those of XLA.
func TestBatchNormEqualsGoMLX(t *testing.T) {
	const steps = 5
	x := func(i int) *tensors.Tensor { return random32(uint64(i), 4, 3, 2, 3) }
	labels := random32(99, 4, 3, 2, 3)
	run := func(t *testing.T, backend compute.Backend, layer func(scope *model.Scope, inputs []*Node) *Node) (results [][]float64) {
		store := model.NewStore()
		store.RootScope().SetParam(regularizer.ParamL2, 0.01)
		trainer := trainer(backend, store, layer)
		var losses []float64
		for i := range steps {
			losses = append(losses, step(t, trainer, labels, x(i)))
		}
		results = append(results, losses)
		for _, name := range batchNormState {
			results = append(results, valueOf(t, store, "/batch_normalization/"+name))
		}
		results = append(results, flat(call(t, backend, store, layer, x(steps))))

		updated, err := norm.UpdateBatchNormAverages(trainer, batches{x: x, labels: labels, n: 3})
		require.NoError(t, err)
		require.True(t, updated)
		for _, name := range batchNormState {
			results = append(results, valueOf(t, store, "/batch_normalization/"+name))
		}
		require.Len(t, trainable(store), 2, "scale and offset")
		return results
	}
	var want [][]float64
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		if backend.Name() == "xla" {
			want = run(t, backend, gomlxBatchNorm)
		}
		got := run(t, backend, ourBatchNorm)
		if want == nil { // Without XLA there is nothing to compare with but the layer itself.
			want = got
		}
		for i := range want {
			requireClose(t, want[i], got[i], 1e-4, fmt.Sprintf("result %d", i))
		}
	})
}

// batches is a dataset of n batches.
type batches struct {
	x      func(i int) *tensors.Tensor
	labels *tensors.Tensor
	n      int
}

func (b batches) Name() string { return "batches" }

func (b batches) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for i := range b.n {
			labels, err := b.labels.LocalClone()
			batch := train.Batch{Inputs: []*tensors.Tensor{b.x(10 + i)}, Labels: []*tensors.Tensor{labels}}
			if !yield(batch, err) {
				return
			}
		}
	}
}

func TestBatchNormGradient(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for name, training := range map[string]bool{"training": true, "evaluation": false} {
			t.Run(name, func(t *testing.T) {
				requireGradient(t, backend, func(scope *model.Scope, inputs []*Node) *Node {
					scope.Store().SetTraining(inputs[0].Graph(), training)
					feed(scope, "batch_normalization/scale", inputs[1])
					feed(scope, "batch_normalization/offset", inputs[2])
					return layers.BatchNorm(scope, inputs[0]).Done()
				}, random(1, 4, 2, 3, 3), random(2, 3), random(3, 3))
			})
		}
	})
}

// What normalization means: each channel of a training batch has mean 0 and variance 1.
func TestBatchNormNormalizes(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16, dtypes.Float16} {
			t.Run(dtype.String(), func(t *testing.T) {
				store := model.NewStore()
				const n, channels = 64, 2
				output := call(t, backend, store, func(scope *model.Scope, inputs []*Node) *Node {
					scope.Store().SetTraining(inputs[0].Graph(), true)
					x := ConvertDType(AddScalar(MulScalar(inputs[0], 4), 30), dtype)
					y := layers.BatchNorm(scope, x).Center(false).Scale(false).Done()
					require.Equal(t, dtype, y.DType())
					return ConvertDType(y, dtypes.Float32)
				}, random32(1, n, channels))
				require.Empty(t, trainable(store))
				values := flat(output)
				for c := range channels {
					sum, squares := 0.0, 0.0
					for i := c; i < len(values); i += channels {
						sum += values[i]
						squares += values[i] * values[i]
					}
					require.InDelta(t, 0, sum/n, 1e-2)
					require.InDelta(t, 1, squares/n, 1e-2)
				}
			})
		}
	})
}
