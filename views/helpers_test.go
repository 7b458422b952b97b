package views

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

// Shapes of layers for synthetic traces.
var (
	small = [][]int{{16, 24}, {24, 10}}
	large = [][]int{{784, 300}, {300, 100}, {100, 350}} // 300,200 weights.
)

// opened records a synthetic trace and opens it.
func opened(t testing.TB, shapes [][]int, rounds int) *Run {
	t.Helper()
	dir := t.TempDir()
	record(t, dir, shapes, rounds)
	r, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	r.Name = "synthetic"
	return r
}

// record writes the trace of a run whose gradients are noise: layers of the given shapes through a number of updates, 100
// steps apart. With -1 updates there are no masks either.
func record(t testing.TB, dir string, shapes [][]int, rounds int) {
	t.Helper()
	w, err := trace.Create(dir, map[string]any{"method": "test", "steps": 100 * rounds})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	if rounds < 0 {
		return
	}
	s := newSynthetic(shapes)
	require.NoError(t, w.Update(trace.Update{}, s.first()...))
	for round := 1; round <= rounds; round++ {
		s.round(t, w, round)
	}
}

// synthetic is a run that learns nothing.
type synthetic struct {
	rng    *rand.Rand
	layers []*syntheticLayer
}

type syntheticLayer struct {
	path   string
	shape  []int
	mask   []bool
	visits []int32
	weight []float32
}

func newSynthetic(shapes [][]int) *synthetic {
	s := &synthetic{rng: rand.New(rand.NewPCG(1, 2))}
	for i, shape := range shapes {
		n := 1
		for _, dim := range shape {
			n *= dim
		}
		l := &syntheticLayer{path: []string{"/first/weights", "/second/weights", "/output/weights"}[i], shape: shape,
			mask: make([]bool, n), visits: make([]int32, n), weight: make([]float32, n)}
		for j := range n {
			if l.mask[j] = s.rng.Float64() < 0.2; l.mask[j] {
				l.weight[j] = float32(s.rng.NormFloat64())
			}
		}
		s.layers = append(s.layers, l)
	}
	return s
}

// first is the move to the masks that training begins with.
func (s *synthetic) first() []trace.Move {
	var moves []trace.Move
	for _, l := range s.layers {
		moves = append(moves, trace.Move{Path: l.path, Shape: l.shape, Mask: l.mask, Visits: slices.Clone(l.visits),
			Weight: l.weight})
		l.count()
	}
	return moves
}

// round records the steps up to an update, and the update.
func (s *synthetic) round(t testing.TB, w *trace.Writer, round int) {
	update := trace.Update{Step: 100 * round, Round: round, DropFraction: 0.3 / float64(round),
		Params: trace.Scalars{"c": 0.01, "epsilon": 1}}
	for step := update.Step - 90; step <= update.Step; step += 10 {
		if step == update.Step {
			var moves []trace.Move
			for _, l := range s.layers {
				moves = append(moves, l.update(s.rng, update))
			}
			require.NoError(t, w.Update(update, moves...))
			for i, l := range s.layers {
				copy(l.mask, moves[i].Mask)
				l.count()
			}
		}
		noise := math.Abs(s.rng.NormFloat64())
		require.NoError(t, w.Step(trace.Step{Step: step, Scalars: trace.Scalars{
			trace.Loss: 2/math.Sqrt(float64(step)) + 0.02*noise, trace.Accuracy: 1 - 1/math.Sqrt(float64(step)) - 0.02*noise,
			trace.LearningRate: 0.01 * math.Exp(-float64(step)/1000), trace.Density: 0.2}}))
	}
}

// update drops weights at random, and grows those of the highest score.
func (l *syntheticLayer) update(rng *rand.Rand, u trace.Update) trace.Move {
	n := len(l.mask)
	kept, gradient, score := make([]bool, n), make([]float32, n), make([]float32, n)
	dropped := 0
	var candidates []float32
	for j, on := range l.mask {
		gradient[j] = float32(rng.NormFloat64() / 100)
		score[j] = float32(math.Abs(float64(gradient[j]))) + 1e-2*float32(math.Log(float64(u.Step)))/float32(l.visits[j]+1)
		kept[j] = on && rng.Float64() >= u.DropFraction
		if !kept[j] {
			candidates = append(candidates, score[j])
		}
		if on && !kept[j] {
			dropped++
		}
	}
	mask := slices.Clone(kept)
	slices.Sort(candidates)
	for j := 0; j < n && dropped > 0; j++ {
		if !kept[j] && score[j] >= candidates[len(candidates)-dropped] {
			mask[j] = true
		}
	}
	return trace.Move{Path: l.path, Shape: l.shape, Kept: kept, Mask: mask, Visits: slices.Clone(l.visits), Weight: l.weight,
		Gradient: gradient, Score: score}
}

func (l *syntheticLayer) count() {
	for j, on := range l.mask {
		if on {
			l.visits[j]++
		}
	}
}
