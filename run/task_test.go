package run

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/datasets"
)

// The area is the share of pairs in order, counted one by one, with ties.
func TestAUC(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	for range 20 {
		scores, labels := make([]float64, 50), make([]int32, 50)
		for i := range scores {
			scores[i], labels[i] = float64(random.IntN(12)), int32(random.IntN(2))
		}
		labels[0], labels[1] = 0, 1
		inOrder, pairs := 0.0, 0.0
		for i, a := range scores {
			for j, b := range scores {
				if labels[i] != 1 || labels[j] != 0 {
					continue
				}
				pairs++
				switch {
				case a > b:
					inOrder++
				case a == b:
					inOrder += 0.5
				}
			}
		}
		require.InDelta(t, inOrder/pairs, auc(scores, labels), 1e-12)
	}
	require.Equal(t, 1.0, auc([]float64{-1, 2}, []int32{0, 1}))
	require.Equal(t, 0.5, auc([]float64{3, 3, 3}, []int32{0, 1, 1}))
}

func TestSmoothed(t *testing.T) {
	backend := backendtest.One(t)
	logits := []float64{2, -1, 0.5}
	sum := math.Exp(2) + math.Exp(-1) + math.Exp(0.5)
	want := 0.0
	for i, logit := range logits {
		target := 0.1 / 3
		if i == 2 {
			target += 0.9
		}
		want -= target * (logit - math.Log(sum))
	}
	exec, err := graph.NewExec(backend, func(labels, logits *graph.Node) *graph.Node {
		return smoothed(0.1)([]*graph.Node{labels}, []*graph.Node{logits})
	})
	require.NoError(t, err)
	defer exec.Finalize()
	results, err := exec.Call([][]int32{{2}}, [][]float32{{2, -1, 0.5}})
	require.NoError(t, err)
	require.InDelta(t, want, shapes.ConvertTo[float64](results[0].Value()), 1e-6)
}

// Images of ImageNet's size are evaluated in batches as large as those of training, since 500 of them take too much memory.
func TestEvaluationOfLargeImages(t *testing.T) {
	for trained, want := range map[int]int{1: 10, 32: 32, 60: 50, 1000: 500} {
		require.Equal(t, want, evaluationSize(8000, 224*224*3, trained))
		require.Equal(t, 500, evaluationSize(8000, 32*32*3, trained))
	}
}

// An evaluation has every example once, in batches of one size where there is one.
func TestEvaluationSizes(t *testing.T) {
	for n, want := range map[int]int{1: 1, 360: 360, 500: 500, 2000: 500, 10_000: 500, 10_880: 340, 503: 500} {
		info := datasets.Info{Name: "all", Shape: []int{1, 1, 1}, Labels: make([]int32, n), Classes: 1}
		split := &datasets.Split{Info: info, Pixels: make([]byte, n)}
		evaluation, err := evaluationOf(split, 64)
		require.NoError(t, err)
		seen := 0
		for batch, err := range evaluation.Iter() {
			require.NoError(t, err)
			size := batch.Inputs[0].Shape().Dim(0)
			require.True(t, size == want || seen+size == n, "%d of %d", size, n)
			seen += size
			require.NoError(t, batch.Finalize())
		}
		require.Equal(t, n, seen)
	}
}
