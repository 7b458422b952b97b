package datasets_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/datasets/graphs"
	"github.com/stretchr/testify/require"
)

// ring returns an edge list of n nodes, each linked to its next 3.
func ring(n int) []byte {
	var text strings.Builder
	for x := range n {
		for step := 1; step <= 3; step++ {
			fmt.Fprintf(&text, "%d\t%d\n", x, (x+step)%n)
		}
	}
	return []byte(text.String())
}

func TestLinkPrediction(t *testing.T) {
	for file, data := range map[string][]byte{"wiki-Talk.txt": ring(200), "wiki-Talk.txt.gz": zipped(string(ring(200)))} {
		set, err := datasets.Open("wiki-talk", write(t, map[string][]byte{file: data}))
		require.NoError(t, err)
		require.Equal(t, 200, set.Graph.Nodes())
		require.Equal(t, 360, set.Graph.NumEdges())
		for name, examples := range map[string]datasets.Examples{"train": set.Train, "valid": set.Valid, "test": set.Test} {
			links := examples.(*datasets.Links)
			require.NoError(t, links.Validate())
			require.Equal(t, "wiki-talk-"+name, links.Name)
			require.Equal(t, []int{graphs.PairSize}, links.Shape)
			for _, pair := range links.Pairs {
				require.False(t, set.Graph.HasEdge(pair[0], pair[1]))
			}
		}
		again, err := set.HoldOut(10, 1)
		require.NoError(t, err)
		require.Same(t, set, again, "it has validation links of its own")

		// Standardized by the training pairs.
		train := set.Train.(*datasets.Links)
		for c := range graphs.PairSize {
			sum, squares := 0.0, 0.0
			for i := range train.Pairs {
				x := float64(train.Features[i*graphs.PairSize+c])
				sum, squares = sum+x, squares+x*x
			}
			n := float64(len(train.Pairs))
			require.InDelta(t, 0, sum/n, 1e-6)
			require.InDelta(t, 1, math.Max(squares/n, 1), 1e-5)
		}

		batches, err := datasets.NewBatches(train, 16, 1)
		require.NoError(t, err)
		batch, err := batches.At(0)
		require.NoError(t, err)
		require.Equal(t, "(Float32)[16, 16]", batch.Inputs[0].Shape().String())
		require.Equal(t, "(Int32)[16, 1]", batch.Labels[0].Shape().String())

		x, err := train.Inputs([]int{3}, nil)
		require.NoError(t, err)
		require.Equal(t, train.Features[48:64], tensors.MustCopyFlatData[float32](x))
		pairs := train.NodePairs()
		require.Equal(t, []int{2}, pairs.About().Shape)
		require.Equal(t, train.Labels, pairs.About().Labels)
		x, err = pairs.Inputs([]int{3, 0}, nil)
		require.NoError(t, err)
		require.Equal(t, []int32{train.Pairs[3][0], train.Pairs[3][1], train.Pairs[0][0], train.Pairs[0][1]},
			tensors.MustCopyFlatData[int32](x))
	}
}

func TestLinkPredictionErrors(t *testing.T) {
	for text, want := range map[string]string{"1 2\n2 x\n": "line 2, offset 4", "1 2\n": "want at least one each and one left"} {
		dir := write(t, map[string][]byte{"wiki-Talk.txt": []byte(text)})
		_, err := datasets.Open("wiki-talk", dir)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, dir)
	}
	links := &datasets.Links{Info: datasets.Info{Name: "links", Shape: []int{16}, Classes: 2, Labels: []int32{1}}}
	_, err := datasets.NewBatches(links, 1, 0)
	require.ErrorContains(t, err, "0 pairs and 0 feature values for 1 labels")
}
