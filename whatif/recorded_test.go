package whatif_test

import (
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/whatif"
)

// noise is data without meaning.
type noise struct{}

func (noise) Name() string { return "noise" }

func (noise) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		rng := rand.New(rand.NewPCG(7, 7))
		for {
			x, y := make([]float32, 4*12), make([]float32, 4)
			for j := range x {
				x[j] = float32(rng.NormFloat64())
			}
			if !yield(train.Batch{Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, 4, 12)},
				Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(y, 4, 1)}}, nil) {
				return
			}
		}
	}
}

// recorded returns the store of a run that grows at random, right after its second mask update, and what that update saw.
func recorded(t *testing.T, backend compute.Backend) (*model.Store, *whatif.Round) {
	t.Helper()
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(1))
	const seed, steps, deltaT = 11, 20, 5
	fraction := dstee.Cosine{First: 0.5, Last: 0.01}
	sparse := dstee.New(0.3).Grow(dstee.SET()).DeltaT(deltaT).TotalSteps(steps).Seed(seed).DropFraction(fraction)
	modelFn := func(scope *model.Scope, _ any, in []*Node) []*Node {
		return []*Node{layers.Dense(scope.In("out"), Tanh(layers.Dense(scope.In("hidden"), in[0], true, 16)), true, 1)}
	}
	trainer := train.NewTrainer(backend, store, modelFn, loss.MeanSquaredError, sparse.Optimizer(optimizer.StochasticGradientDescent().Done()), nil, nil)
	loop := train.NewLoop(trainer)
	round := &whatif.Round{Number: 2, Step: 2 * deltaT, TotalSteps: steps, Seed: seed, DropFraction: fraction.Over(steps).At(2 * deltaT)}
	loop.OnStep("recorder", dstee.HookPriority-1, func(loop *train.Loop, _ []*tensors.Tensor) error {
		if loop.LoopStep+1 != round.Step {
			return nil
		}
		for _, path := range []string{"/hidden/dense/weights", "/out/dense/weights"} {
			part := func(path string) *tensors.Tensor {
				clone, err := store.GetVariable(path).MustValue().LocalClone()
				require.NoError(t, err)
				return clone
			}
			l := whatif.Layer{}
			l.Path = path
			l.Weight, l.Gradient = part(path), part("/dstee"+path+"/gradient")
			l.Mask, l.Visits = part("/dstee"+path+"/mask"), part("/dstee"+path+"/visits")
			for _, active := range tensors.MustCopyFlatData[bool](l.Mask) {
				if active {
					l.Target++
				}
			}
			round.Layers = append(round.Layers, l)
		}
		return nil
	})
	sparse.Attach(loop)
	_, err := loop.RunSteps(noise{}, round.Step)
	require.NoError(t, err)
	return store, round
}
