package views

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sparsekernel/sparsekernel/trace"
)

// record writes a trace of layers of the given shapes through a number of rounds.
func record(t testing.TB, dir string, shapes [][]int, rounds int) {
	w, err := trace.Create(dir, map[string]string{"method": "test"})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	type state struct {
		mask   []bool
		visits []int32
		weight []float32
	}
	layers := make([]*state, len(shapes))
	move := func(i int, kept, mask []bool, gradient, score []float32) trace.Move {
		return trace.Move{Path: []string{"/first/weights", "/second/weights", "/output/weights"}[i], Shape: shapes[i], Kept: kept, Mask: mask,
			Visits: layers[i].visits, Weight: layers[i].weight, Gradient: gradient, Score: score}
	}
	var moves []trace.Move
	for i, shape := range shapes {
		n := shape[0] * shape[1]
		s := &state{make([]bool, n), make([]int32, n), make([]float32, n)}
		for j := range n {
			s.mask[j] = rng.Float64() < 0.2
			if s.mask[j] {
				s.weight[j] = float32(rng.NormFloat64())
			}
		}
		layers[i] = s
		moves = append(moves, move(i, nil, s.mask, nil, nil))
	}
	if err := w.Update(trace.Update{}, moves...); err != nil {
		t.Fatal(err)
	}
	for i := range layers {
		for j, on := range layers[i].mask {
			if on {
				layers[i].visits[j]++
			}
		}
	}
	for round := 1; round <= rounds; round++ {
		for step := 100*(round-1) + 10; step <= 100*round; step += 10 {
			if err := w.Step(trace.Step{Step: step, Scalars: trace.Scalars{trace.Loss: 2 / float64(step), trace.Accuracy: 1 - 1/float64(step), trace.LearningRate: 0.01, trace.Density: 0.2}}); err != nil {
				t.Fatal(err)
			}
		}
		var moves []trace.Move
		for i, s := range layers {
			n := len(s.mask)
			kept, mask := make([]bool, n), make([]bool, n)
			gradient, score := make([]float32, n), make([]float32, n)
			dropped := 0
			for j, on := range s.mask {
				gradient[j] = float32(rng.NormFloat64() / 100)
				score[j] = float32(math.Abs(float64(gradient[j]))) + 1e-2*float32(math.Log(float64(100*round)))/float32(s.visits[j]+1)
				kept[j] = on && rng.Float64() < 0.7
				mask[j] = kept[j]
				if on && !kept[j] {
					dropped++
				}
			}
			for ; dropped > 0; dropped-- {
				best := -1
				for j := range mask {
					if !mask[j] && (best < 0 || score[j] > score[best]) {
						best = j
					}
				}
				mask[best] = true
			}
			moves = append(moves, move(i, kept, mask, gradient, score))
		}
		if err := w.Update(trace.Update{Step: 100 * round, Round: round, DropFraction: 0.3, Params: trace.Scalars{"c": 0.01, "epsilon": 1}}, moves...); err != nil {
			t.Fatal(err)
		}
		for i, s := range layers {
			copy(s.mask, moves[i].Mask)
			for j, on := range s.mask {
				if on {
					s.visits[j]++
				}
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
