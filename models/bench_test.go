package models_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/models"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// A training step on images of CIFAR's size, on XLA.
func BenchmarkStep(b *testing.B) {
	for _, network := range []struct {
		name  string
		model train.ModelFn
		batch int
	}{
		{"CNN", threeConvolutions, 128},
		{"VGG-19", models.VGG19().Done(), 32},
		{"ResNet-50", models.ResNet50().Done(), 16},
		{"ResNet-18", models.ResNet18().Done(), 32},
		{"WRN-22-2", models.WRN22x2().Done(), 64},
	} {
		b.Run(network.name, func(b *testing.B) {
			store := model.NewStore()
			require.NoError(b, store.SetRNGStateFromSeed(7))
			trainer := train.NewTrainer(backendtest.Get(b, "xla"), store, network.model, loss.SparseCategoricalCrossEntropyLogits,
				optimizers.SGD().LearningRate(0.01).Momentum(0.9).Done(), nil, nil)
			step := func() {
				_, err := trainer.TrainStep(randomImages(network.batch))
				require.NoError(b, err)
			}
			step() // Compiles.
			for b.Loop() {
				step()
			}
		})
	}
}

// randomImages is a batch of random images with labels.
func randomImages(n int) train.Batch {
	rng := rand.New(rand.NewPCG(1, 2))
	pixels, labels := make([]float32, n*32*32*3), make([]int32, n)
	for i := range pixels {
		pixels[i] = rng.Float32()
	}
	for i := range labels {
		labels[i] = rng.Int32N(10)
	}
	return train.Batch{
		Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(pixels, n, 32, 32, 3)},
		Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels, n, 1)},
	}
}
