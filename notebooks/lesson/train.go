// Package lesson trains what the notebooks compare: a small network on the embedded digits.
package lesson

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// Input is the path of the weights that read the pixels, of shape [64, 512].
const Input = "/mlp/hidden_1/dense/weights"

// Outcome is what a training came to.
type Outcome struct {
	Accuracy float64 // On the test images, in [0, 1].
	Explored float64 // Share of the weights active in any topology.
}

// Train trains an MLP 64-512-256-10 on the digits for some steps, with batches of 64 and Adam at a rate that falls from
// 0.01 along a cosine, and evaluates it on the test images. sparse makes it sparse; it serves one training.
func Train(backend compute.Backend, sparse *dstee.Sparsifier, seed int64, steps int) (Outcome, error) {
	training, test, err := datasets.Digits()
	if err != nil {
		return Outcome{}, err
	}
	batches, err := datasets.NewBatches(training, 64, uint64(seed))
	if err != nil {
		return Outcome{}, err
	}
	evaluation, err := datasets.NewEvaluation(test, test.Len())
	if err != nil {
		return Outcome{}, err
	}
	store := model.NewStore()
	defer store.Finalize()
	if err := store.SetRNGStateFromSeed(seed); err != nil {
		return Outcome{}, err
	}
	adam := optimizers.Scheduled(optimizer.Adam().Done(), optimizers.Cosine{Rate: 0.01, Length: steps})
	trainer := train.NewTrainer(backend, store, models.MLP(512, 256).Done(), loss.SparseCategoricalCrossEntropyLogits,
		sparse.Seed(seed).Optimizer(adam), nil, []metric.Interface{metric.NewSparseCategoricalAccuracy("Accuracy", "#acc")})
	loop := train.NewLoop(trainer)
	sparse.Attach(loop)
	if _, err := loop.RunSteps(batches, steps); err != nil {
		return Outcome{}, fmt.Errorf("training: %w", err)
	}
	metrics, err := trainer.Eval(evaluation)
	if err != nil {
		return Outcome{}, fmt.Errorf("evaluating: %w", err)
	}
	_, total, err := sparse.Stats()
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{
		Accuracy: shapes.ConvertTo[float64](metrics[len(metrics)-1].Value()),
		Explored: total.ExplorationRate(),
	}, nil
}
