package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// small are works of every kind of model that are trained in no time; the networks of the heavy ones are tested in models.
var small = []work.Work{
	{Name: "mlp", Model: "mlp", Units: []int{16}, Input: []int{4, 4, 1}, Classes: 3, Batch: 8, Optimizer: "adam", LearningRate: 1e-3},
	{Name: "cnn", Model: "cnn", Units: []int{4, 8}, Input: []int{8, 8, 2}, Classes: 3, Batch: 8, Optimizer: "momentum", LearningRate: 0.01},
	{Name: "link", Model: "link", Units: []int{32}, Input: []int{16}, Classes: 1, Batch: 8, Optimizer: "adam", LearningRate: 1e-3},
}

// prepared returns a worker that is ready to train, and how it describes its model.
func prepared(t *testing.T, w work.Work, density float64) (*worker, work.Reply) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "batches")
	require.NoError(t, work.NewBatches(w, 1).Write(path))
	worker := &worker{backendName: "go"}
	reply, err := worker.Do(work.Request{Do: work.Prepare, Work: &w, Batches: path, Density: density, Threads: 2})
	require.NoError(t, err)
	require.NotEmpty(t, reply.Peer)
	reply, err = worker.Do(work.Request{Do: work.Describe})
	require.NoError(t, err)
	return worker, reply
}

func TestMaskedTraining(t *testing.T) {
	const density = 0.25
	for _, w := range small {
		t.Run(w.Name, func(t *testing.T) {
			worker, described := prepared(t, w, density)
			require.Positive(t, described.MACs)
			require.Greater(t, described.Parameters, described.Sizes[len(described.Sizes)-1])
			for range 3 {
				stepped, err := worker.Do(work.Request{Do: work.Steps, Count: 2})
				require.NoError(t, err)
				require.Positive(t, stepped.Loss)
				require.Positive(t, stepped.Seconds)

				updated, err := worker.Do(work.Request{Do: work.Update})
				require.NoError(t, err)
				require.Len(t, updated.Active, len(described.Sizes))
				for i, size := range described.Sizes {
					require.InDelta(t, density*float64(size), updated.Active[i], 1, "active weights of %d", size)
				}
				require.Positive(t, updated.Moved)
			}
		})
	}
}

func TestDenseTrainingHasNoMasks(t *testing.T) {
	worker, _ := prepared(t, small[0], 1)
	_, err := worker.Do(work.Request{Do: work.Steps, Count: 1})
	require.NoError(t, err)
	_, err = worker.Do(work.Request{Do: work.Update})
	require.ErrorContains(t, err, "no masks")
}

func TestFetch(t *testing.T) {
	worker, _ := prepared(t, small[1], 1)
	reply, err := worker.Do(work.Request{Do: work.Fetch, Count: 3})
	require.NoError(t, err)
	require.Positive(t, reply.Seconds)

	worker, _ = prepared(t, small[2], 1)
	_, err = worker.Do(work.Request{Do: work.Fetch, Count: 3})
	require.ErrorContains(t, err, "no images")
}

func TestWrongRequests(t *testing.T) {
	_, err := (&worker{}).Do(work.Request{Do: work.Steps})
	require.ErrorContains(t, err, "first request")
	worker, _ := prepared(t, small[0], 1)
	_, err = worker.Do(work.Request{Do: "dance"})
	require.ErrorContains(t, err, "dance")

	unknown := small[0]
	unknown.Model = "alexnet"
	_, err = modelOf(unknown)
	require.ErrorContains(t, err, "alexnet")
}
