package models_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/models"
)

// The sizes of the published code: 16·128 and 128·1 weights.
func TestLinkMLPSize(t *testing.T) {
	counts, err := models.Count(backendtest.One(t), model.NewStore(), models.LinkMLP(128), f32(1, 16))
	require.NoError(t, err)
	require.Equal(t, 2048+128, counts.MACs())
	require.Equal(t, 2048+128+128+1, counts.Parameters)
}

// communities is a graph of two groups of nodes with most edges inside them: random features say nothing, the edges all.
type communities struct {
	features         []float32
	sources, targets []int32
	pairs            []int32
	linked           []float32
	nodes            int
}

func newCommunities(seed uint64) communities {
	rng := rand.New(rand.NewPCG(seed, 5))
	c := communities{nodes: 60}
	for range c.nodes * 4 {
		c.features = append(c.features, float32(rng.NormFloat64()))
	}
	for range 900 {
		x, y := rng.Int32N(int32(c.nodes)), rng.Int32N(int32(c.nodes))
		if x%2 == y%2 {
			c.sources, c.targets = append(c.sources, x, y), append(c.targets, y, x)
		}
	}
	for range 200 {
		x, y := rng.Int32N(int32(c.nodes)), rng.Int32N(int32(c.nodes))
		c.pairs = append(c.pairs, x, y)
		c.linked = append(c.linked, float32(1-(x+y)%2))
	}
	return c
}

func (c communities) batch() train.Batch {
	vector := func(x []int32, dims ...int) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(slices.Clone(x), dims...)
	}
	return train.Batch{
		Inputs: []*tensors.Tensor{
			tensors.FromFlatDataAndDimensions(slices.Clone(c.features), c.nodes, 4),
			vector(c.sources, len(c.sources)), vector(c.targets, len(c.targets)), vector(c.pairs, len(c.pairs)/2, 2),
		},
		Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(slices.Clone(c.linked), len(c.linked), 1)},
	}
}

// Passing messages finds the groups.
func TestGraphSAGELearns(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := seeded(t)
		trainer := train.NewTrainer(backend, store, models.GraphSAGE(16), loss.BinaryCrossentropyLogits,
			optimizer.Adam().LearningRate(0.02).Done(), nil, nil)
		data := newCommunities(3)
		var losses []float64
		for range 60 {
			metrics, err := trainer.TrainStep(data.batch())
			require.NoError(t, err)
			losses = append(losses, float64(tensors.ToScalar[float32](metrics[0])))
		}
		require.Greater(t, losses[0], 0.5)
		require.Less(t, losses[len(losses)-1], 0.25)
	})
}

// A node's value does not depend on the order of its messages, and a node without any is a function of itself.
func TestGraphSAGEMessages(t *testing.T) {
	backend := backendtest.One(t)
	store := seeded(t)
	logits := func(c communities) []float32 {
		inputs := c.batch().Inputs
		exec, err := model.NewExec(backend, store, func(scope *model.Scope, inputs []*graph.Node) *graph.Node {
			return models.GraphSAGE(8)(scope, nil, inputs)[0]
		})
		require.NoError(t, err)
		defer exec.Finalize()
		output, err := exec.Call1(inputs[0], inputs[1], inputs[2], inputs[3])
		require.NoError(t, err)
		return tensors.MustCopyFlatData[float32](output)
	}
	data := newCommunities(4)
	want := logits(data)
	shuffled := data
	shuffled.sources, shuffled.targets = slices.Clone(data.sources), slices.Clone(data.targets)
	slices.Reverse(shuffled.sources)
	slices.Reverse(shuffled.targets)
	for i, got := range logits(shuffled) {
		require.InDelta(t, want[i], got, 1e-5)
	}

	alone := data // All messages go between nodes 0 and 1: all else see themselves alone.
	alone.sources, alone.targets = []int32{0, 1}, []int32{1, 0}
	changed := alone
	changed.features = slices.Clone(alone.features)
	changed.features[0] += 5 // Of node 0.
	before, after := logits(alone), logits(changed)
	for i := range before {
		touched := min(data.pairs[2*i], data.pairs[2*i+1]) <= 1
		if !touched {
			require.Equal(t, before[i], after[i])
		}
		require.False(t, math.IsNaN(float64(after[i])))
	}
}
