package models_test

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
)

// Every deep network, narrow and with a fifth of its weights, learns a batch by heart.
func TestNetworksLearnABatch(t *testing.T) {
	if testing.Short() {
		t.Skip("computes much, which the race detector slows down; the other tests train the same networks")
	}
	backend := backendtest.One(t)
	for _, n := range []network{
		{name: "VGG-11", model: models.VGG11().Width(1. / 8), size: 16},
		{name: "VGG-19", model: models.VGG19().Width(1. / 8), size: 16},
		{name: "ResNet-18", model: models.ResNet18().Width(1. / 8), size: 8},
		{name: "ResNet-50", model: models.ResNet50().Width(1. / 8), size: 8},
		{name: "WRN-22-2", model: models.WRN22x2().Width(1. / 4), size: 8},
		{name: "ViT-Ti", model: models.ViTTiny().Width(1. / 3), size: 8},
	} {
		t.Run(n.name, func(t *testing.T) {
			const steps, classes = 20, 4
			sparse := dstee.New(0.2).Static()
			trainer := train.NewTrainer(backend, seeded(t), n.model.Classes(classes).Done(), loss.SparseCategoricalCrossEntropyLogits,
				sparse.Optimizer(optimizer.Adam().LearningRate(3e-3).Done()), nil, nil)
			x, labels := noisyPatterns(1, 16, n.size, classes)
			batch := oneBatch{train.Batch{Inputs: []*tensors.Tensor{x}, Labels: []*tensors.Tensor{labels}}}
			loop := train.NewLoop(trainer)
			sparse.Attach(loop)
			var losses []float32
			loop.OnStep("loss", 0, func(_ *train.Loop, metrics []*tensors.Tensor) error {
				losses = append(losses, tensors.ToScalar[float32](metrics[0]))
				return nil
			})
			for range steps {
				_, err := loop.RunSteps(batch, 1)
				require.NoError(t, err)
			}
			require.Less(t, losses[steps-1], losses[0]/5)
		})
	}
}
