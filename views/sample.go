package views

import (
	"cmp"
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

// sampled returns the samples of a layer at all updates that have one, and which of them shows most: the last that grew ten
// weights or more, else the last.
func (r *Run) sampled(path string) (updates []*trace.Update, samples []*sample, best int) {
	for _, u := range r.Applied() {
		l := u.Layer(path)
		s := newSample(u, l)
		if s == nil {
			continue
		}
		if l.Grown >= 10 {
			best = len(samples)
		}
		updates, samples = append(updates, u), append(samples, s)
	}
	if best == 0 && len(samples) > 0 && samples[0].total < 10 {
		best = len(samples) - 1
	}
	return updates, samples, best
}

// choose estimates which of the sample would be grown with the coefficient c: those of the highest |gradient| + c·bonus, until
// they stand for as many as were grown.
func (s *sample) choose(c float64) []bool {
	return s.best(func(i int) float64 { return s.gradient[i] + c*s.bonus[i] })
}

// best returns those of the highest score that stand for as many weights as were grown, the share of the last counted.
func (s *sample) best(score func(i int) float64) []bool {
	order := make([]int, len(s.weight))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score(b), score(a)) })
	chosen, sum := make([]bool, len(order)), 0.
	for _, i := range order {
		if sum+s.weight[i]/2 > s.total {
			break
		}
		chosen[i], sum = true, sum+s.weight[i]
	}
	return chosen
}

// overlap estimates the Jaccard index of two choices.
func (s *sample) overlap(a, b []bool) float64 {
	both, either := 0., 0.
	for i, w := range s.weight {
		if a[i] && b[i] {
			both += w
		}
		if a[i] || b[i] {
			either += w
		}
	}
	if either == 0 {
		return 1
	}
	return both / either
}

// shareOf estimates which share of a choice has a property.
func (s *sample) shareOf(chosen []bool, has func(i int) bool) float64 {
	part, whole := 0., 0.
	for i, w := range s.weight {
		if chosen[i] {
			if whole += w; has(i) {
				part += w
			}
		}
	}
	if whole == 0 {
		return 0
	}
	return part / whole
}
