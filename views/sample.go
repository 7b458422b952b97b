package views

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/trace"
)

// sample is what a trace keeps of the candidates of a layer at an update. Those grown and those not are sampled apart, so
// each stands for several: what is computed from them is an estimate.
type sample struct {
	gradient, score []float64 // |gradient| and the growth score.
	bonus           []float64 // ln t/(N+ε): what c multiplies in DST-EE.
	visits          []int32
	grown           []bool
	weight          []float64 // How many candidates each stands for.
	total           float64   // How many weights were grown.
}

// newSample returns the sample of a layer at an update, nil if there is none. ε is that of the update, 1 if it has none.
func newSample(u *trace.Update, l *trace.Layer) *sample {
	if l.Sample == nil || len(l.Sample.Index) == 0 || len(l.Sample.Gradient) == 0 || u.Step < 1 {
		return nil
	}
	epsilon, found := u.Params["epsilon"]
	if !found {
		epsilon = 1
	}
	s := &sample{visits: l.Sample.Visits, grown: l.Sample.Grown, total: float64(l.Grown)}
	sampled := 0
	for _, grown := range s.grown {
		if grown {
			sampled++
		}
	}
	for i, grown := range s.grown {
		s.gradient, s.score = append(s.gradient, float64(l.Sample.Gradient[i])), append(s.score, float64(l.Sample.Score[i]))
		s.bonus = append(s.bonus, math.Log(float64(u.Step))/(float64(s.visits[i])+epsilon))
		if grown {
			s.weight = append(s.weight, share(l.Grown, sampled))
		} else {
			s.weight = append(s.weight, share(l.Candidates()-l.Grown, len(s.grown)-sampled))
		}
	}
	return s
}

// sampled returns the samples of a layer at all updates that have one, and which of them shows most. Of those that grew 100
// weights or more, else of that which grew most, it is the one where gradient and visits both have a say: in which the
// overlap with the choice by gradients alone is nearest to a half; of several the last.
func (r *Run) sampled(path string) (updates []*trace.Update, samples []*sample, best int) {
	const enough = 100
	most := 0.
	for _, u := range r.Applied() {
		s := newSample(u, u.Layer(path))
		if s == nil {
			continue
		}
		updates, samples, most = append(updates, u), append(samples, s), max(most, s.total)
	}
	nearest := math.Inf(1)
	for i, s := range samples {
		if s.total < min(enough, most) {
			continue
		}
		if off := math.Abs(s.overlap(s.recorded(), s.choose(0)) - .5); off <= nearest {
			best, nearest = i, off
		}
	}
	return updates, samples, best
}

// choose estimates what would be grown with the coefficient c: those of the highest |gradient| + c·bonus, until they stand for
// as many as were grown. It returns which share of the candidates that each stands for.
func (s *sample) choose(c float64) []float64 {
	score := func(i int) float64 { return s.gradient[i] + c*s.bonus[i] }
	order := make([]int, len(s.weight))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score(b), score(a)) })
	chosen, left := make([]float64, len(order)), s.total
	for _, i := range order {
		if left <= 0 {
			break
		}
		chosen[i] = min(1, left/s.weight[i])
		left -= s.weight[i]
	}
	return chosen
}

// overlap estimates the Jaccard index of two choices.
func (s *sample) overlap(a, b []float64) float64 {
	both, either := 0., 0.
	for i, w := range s.weight {
		both += w * min(a[i], b[i])
		either += w * max(a[i], b[i])
	}
	if either == 0 {
		return 1
	}
	return both / either
}

// recorded is the choice that the update made.
func (s *sample) recorded() []float64 {
	chosen := make([]float64, len(s.grown))
	for i, grown := range s.grown {
		if grown {
			chosen[i] = 1
		}
	}
	return chosen
}

// neverActive estimates which share of a choice was active in no topology before.
func (s *sample) neverActive(chosen []float64) float64 {
	part, whole := 0., 0.
	for i, w := range s.weight {
		if whole += w * chosen[i]; s.visits[i] == 0 {
			part += w * chosen[i]
		}
	}
	if whole == 0 {
		return 0
	}
	return part / whole
}

// leastVisited estimates which share of a choice the visits alone could have made: those of fewer visits than the last that
// they take, and of those of as many no more than they take.
func (s *sample) leastVisited(chosen []float64) float64 {
	if s.total == 0 {
		return 1
	}
	candidates, made := map[int32]float64{}, map[int32]float64{}
	for i, w := range s.weight {
		candidates[s.visits[i]] += w
		made[s.visits[i]] += w * chosen[i]
	}
	could, left := 0., s.total
	for _, n := range slices.Sorted(maps.Keys(candidates)) {
		could += min(made[n], max(0, left))
		left -= candidates[n]
	}
	return could / s.total
}
