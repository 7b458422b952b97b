package datasets_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

func newBatches(t testing.TB, n, size int, seed uint64) *datasets.Batches {
	batches, err := datasets.NewBatches(numbered(n), size, seed)
	require.NoError(t, err)
	return batches
}

// labelsAt returns the labels of a step, which in a numbered split are the positions of its images.
func labelsAt(t testing.TB, batches *datasets.Batches, step int) []int32 {
	batch, err := batches.At(step)
	require.NoError(t, err)
	return tensors.MustCopyFlatData[int32](batch.Labels[0])
}

func TestBatchesShapes(t *testing.T) {
	batch, err := newBatches(t, 10, 4, 1).At(3)
	require.NoError(t, err)
	require.Len(t, batch.Inputs, 1)
	images, labels := batch.Inputs[0], batch.Labels[0]
	require.Equal(t, "(Float32)[4, 2, 3, 1]", images.Shape().String())
	require.Equal(t, "(Int32)[4, 1]", labels.Shape().String())
	flat := tensors.MustCopyFlatData[float32](images)
	for i, label := range tensors.MustCopyFlatData[int32](labels) {
		for j := range 6 {
			require.Equal(t, float32(int(label)*6+j), flat[i*6+j], "images and labels must belong together")
		}
	}
}

func TestEveryEpochHasEveryImageOnce(t *testing.T) {
	for _, c := range []struct{ n, size int }{{10, 1}, {10, 5}, {10, 10}, {10, 3}, {10, 7}, {7, 4}, {1, 1}} {
		t.Run(fmt.Sprintf("%d by %d", c.n, c.size), func(t *testing.T) {
			const epochs = 7
			batches := newBatches(t, c.n, c.size, 42)
			var sequence []int32
			for step := 0; len(sequence) < epochs*c.n; step++ {
				batch := labelsAt(t, batches, step)
				require.Len(t, batch, c.size)
				sequence = append(sequence, batch...)
			}
			for epoch := range epochs {
				seen := slices.Sorted(slices.Values(sequence[epoch*c.n : (epoch+1)*c.n]))
				require.Equal(t, numbered(c.n).Labels, seen, "epoch %d", epoch)
			}
		})
	}
}

func TestEpochsAndSeedsDiffer(t *testing.T) {
	batches := newBatches(t, 100, 100, 1)
	require.NotEqual(t, labelsAt(t, batches, 0), labelsAt(t, batches, 1))
	require.NotEqual(t, labelsAt(t, batches, 0), labelsAt(t, newBatches(t, 100, 100, 2), 0))
	require.NotEqual(t, numbered(100).Labels, labelsAt(t, batches, 0))
}

// Runs are reproduced from their seed, by other versions too, so the order must never change.
func TestBatchesAreFixed(t *testing.T) {
	batches := newBatches(t, 10, 4, 2024)
	var sequence [][]int32
	for step := range 3 {
		sequence = append(sequence, labelsAt(t, batches, step))
	}
	require.Equal(t, [][]int32{{2, 6, 5, 7}, {9, 4, 1, 8}, {0, 3, 9, 1}}, sequence)
}

func TestStartAtIsContinuing(t *testing.T) {
	batches := newBatches(t, 10, 3, 5)
	for start := range 12 {
		step := start
		for batch, err := range batches.StartAt(start).Iter() {
			require.NoError(t, err)
			require.Equal(t, labelsAt(t, batches, step), tensors.MustCopyFlatData[int32](batch.Labels[0]),
				"step %d of an iteration from %d", step, start)
			if step++; step == 15 {
				break
			}
		}
		require.Equal(t, 15, step)
	}
	require.Equal(t, "numbered", batches.StartAt(3).Name())
}

// A run that stops anywhere, as often as it likes, sees the same bits as one that does not, also augmented and prefetched.
func TestResumeIsExact(t *testing.T) {
	batches, err := datasets.NewBatches(grid(10, datasets.CropFlip{Pad: 4, Reflect: true, Flip: true}), 3, 5)
	require.NoError(t, err)
	run := func(parts ...int) (seen []float32) {
		step := 0
		for _, steps := range parts {
			for batch, err := range datasets.Prefetch(batches.StartAt(step), 2).Iter() {
				require.NoError(t, err)
				seen = append(seen, tensors.MustCopyFlatData[float32](batch.Inputs[0])...)
				step++
				if steps--; steps == 0 {
					break
				}
			}
		}
		return seen
	}
	require.Equal(t, run(20), run(1, 7, 2, 10))
}

func TestBatchesErrors(t *testing.T) {
	for _, size := range []int{-1, 0, 11} {
		_, err := datasets.NewBatches(numbered(10), size, 0)
		require.ErrorContains(t, err, fmt.Sprintf("batch size is %d, want 1 to 10", size))
	}
	batches := newBatches(t, 10, 3, 0)
	for _, step := range []int{-1, math.MaxInt / 3, math.MaxInt} {
		_, err := batches.At(step)
		require.ErrorContains(t, err, fmt.Sprintf("step is %d", step))
		iterations := 0
		for _, err := range batches.StartAt(step).Iter() {
			require.ErrorContains(t, err, fmt.Sprintf("step is %d", step))
			iterations++
		}
		require.Equal(t, 1, iterations)
	}
	_, err := batches.At(math.MaxInt/3 - 1)
	require.NoError(t, err)
}

// newTrainer trains a linear classifier of digits.
func newTrainer(backend compute.Backend, store *model.Store) *train.Trainer {
	classifier := func(scope *model.Scope, inputs []*graph.Node) []*graph.Node {
		pixels := graph.Reshape(inputs[0], inputs[0].Shape().Dim(0), -1)
		return []*graph.Node{layers.Dense(scope, pixels, true, 10)}
	}
	return train.NewTrainer(backend, store, classifier, loss.SparseCategoricalCrossEntropyLogits,
		optimizer.StochasticGradientDescent().WithDecay(false).WithLearningRate(0.5).Done(), nil,
		[]metric.Interface{metric.NewSparseCategoricalAccuracy("accuracy", "acc")})
}

func TestTrainingInParts(t *testing.T) {
	digits, test, err := datasets.Digits()
	require.NoError(t, err)
	batches, err := datasets.NewBatches(digits, 100, 7)
	require.NoError(t, err)
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		run := func(parts ...int) *train.Trainer {
			store := model.NewStore()
			require.NoError(t, store.SetRNGStateFromSeed(1))
			trainer := newTrainer(backend, store)
			loop := train.NewLoop(trainer)
			for _, steps := range parts {
				_, err := loop.RunSteps(batches.StartAt(loop.LoopStep), steps)
				require.NoError(t, err)
			}
			return trainer
		}
		whole, inParts := run(150), run(1, 60, 89)
		weights := func(trainer *train.Trainer) any {
			return trainer.Store().GetVariable("/dense/weights").MustValue().Value()
		}
		require.Equal(t, weights(whole), weights(inParts))

		// The size of the batches must not matter, whether it divides 360 or not.
		var accuracies []float32
		for _, size := range []int{360, 120, 100, 7} {
			evaluation, err := datasets.NewEvaluation(test, size)
			require.NoError(t, err)
			results, err := whole.Eval(evaluation)
			require.NoError(t, err)
			accuracies = append(accuracies, tensors.ToScalar[float32](results[1]))
		}
		require.Greater(t, accuracies[0], float32(0.9))
		for _, accuracy := range accuracies {
			require.InDelta(t, accuracies[0], accuracy, 1e-6)
		}
	})
}

func BenchmarkIter(b *testing.B) {
	batches := newBatches(b, 60_000, 128, 1)
	b.ReportAllocs()
	step := 0
	for batch, err := range batches.Iter() {
		if err != nil || step == b.N {
			break
		}
		_ = batch.Finalize()
		step++
	}
}

// A loop that runs in several parts, or that resumes, gives its step to the batches.
func ExampleBatches() {
	digits, _, err := datasets.Digits()
	if err != nil {
		fmt.Println(err)
		return
	}
	batches, err := datasets.NewBatches(digits, 64, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch, err := range batches.StartAt(1000).Iter() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.Inputs[0].Shape(), batch.Labels[0].Shape())
		break
	}
	// Output:
	// (Float32)[64, 8, 8, 1] (Int32)[64, 1]
}
