package models_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// Every network takes steps and mask updates on the pure-Go backend, whose pool of workers can wait for itself.
func TestPureGoDoesNotStall(t *testing.T) {
	backend := backendtest.Get(t, "go")
	steps := func(fn train.ModelFn, lossFn train.LossFn, batch func() train.Batch) error {
		sparse := dstee.New(0.3).DeltaT(1)
		trainer := train.NewTrainer(backend, seeded(t), fn, lossFn,
			sparse.Optimizer(optimizers.SGD().LearningRate(0.01).Done()), nil, nil)
		loop := train.NewLoop(trainer)
		sparse.Attach(loop)
		for range 3 {
			if _, err := loop.RunSteps(oneBatch{batch()}, 1); err != nil {
				return err
			}
		}
		return nil
	}
	works := map[string]func() error{
		// More products at a time than twice the processors hold all workers of a pool of limited size, each waiting for
		// more of them.
		"independent products": func() error {
			_, err := graph.CallOnce(backend, func(x *graph.Node) *graph.Node {
				var sum *graph.Node
				for i := range 4*runtime.GOMAXPROCS(0) + 4 {
					factor := graph.AddScalar(x, float64(i))
					product := graph.MatMul(factor, factor)
					if sum == nil {
						sum = product
					} else {
						sum = graph.Add(sum, product)
					}
				}
				return sum
			}, tensors.FromShape(shapes.Make(dtypes.Float32, 192, 192))) // One worker does smaller products alone.
			return err
		},
		"GraphSAGE": func() error {
			return steps(models.GraphSAGE(16), loss.BinaryCrossentropyLogits, newCommunities(3).batch)
		},
		"link MLP": func() error {
			return steps(models.LinkMLP(16), loss.BinaryCrossentropyLogits, func() train.Batch {
				return train.Batch{
					Inputs: []*tensors.Tensor{floats(dtypes.Float32, make([]float32, 64), 16, 4)},
					Labels: []*tensors.Tensor{floats(dtypes.Float32, make([]float32, 16), 16, 1)},
				}
			})
		},
	}
	for _, n := range narrow() {
		works[n.name] = func() error {
			return steps(n.model.Done(), loss.SparseCategoricalCrossEntropyLogits, func() train.Batch {
				x, labels := noisyPatterns(1, 16, n.size, 10)
				x = floats(n.dtype, tensors.MustCopyFlatData[float32](x), x.Shape().Dimensions...)
				return train.Batch{Inputs: []*tensors.Tensor{x}, Labels: []*tensors.Tensor{labels}}
			})
		}
	}
	for name, work := range works {
		t.Run(name, func(t *testing.T) {
			done := make(chan error, 1)
			go func() { done <- work() }()
			select {
			case err := <-done:
				require.NoError(t, err)
			case <-time.After(5 * time.Minute): // Some take a second.
				t.Fatal("the pure-Go backend stands still")
			}
		})
	}
}
