package whatif

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// Curve tells what DST-EE would have grown at one mask update, from its coefficient c 0 to large.
type Curve struct {
	Round   int          `json:"round"`
	Step    int          `json:"step"`
	Epsilon float64      `json:"epsilon"`
	Points  []CurvePoint `json:"points"` // One per value of c, in the order asked for.
}

// CurvePoint tells what DST-EE would have grown with one coefficient c, over all layers.
type CurvePoint struct {
	C float64 `json:"c"`

	// RigL is the overlap (Jaccard) with what RigL would have grown, DST-EE at c 0.
	RigL float64 `json:"overlap_rigl"`

	// LeastVisited is the share of the weights grown that the visits alone could have chosen, DST-EE as c goes to infinity:
	// 1 if no candidate that was left has fewer visits than one that was grown.
	LeastVisited float64 `json:"least_visited_share"`

	NeverActiveShare float64 `json:"never_active_share"` // See [Choice.NeverActiveShare].
	MeanVisits       float64 `json:"mean_visits"`        // See [Choice].
}

// DefaultCs are values of c from 0 to large, two per decade: gradients from 1e-8 to 1e4 lie between.
func DefaultCs() []float64 {
	cs := []float64{0}
	for half := -16; half <= 8; half++ {
		cs = append(cs, math.Pow(10, float64(half)/2))
	}
	return cs
}

// Curve returns what DST-EE would have grown with each value of c, and the given ε.
func (r *Round) Curve(backend compute.Backend, epsilon float64, cs []float64) (*Curve, error) {
	fail := func(err error) (*Curve, error) { return nil, fmt.Errorf("whatif: round %d: %w", r.Number, err) }
	if err := r.check(); err != nil {
		return fail(err)
	}
	if !(epsilon > 0) || math.IsInf(epsilon, 0) {
		return fail(fmt.Errorf("ε must be above 0, got %g", epsilon))
	}
	for _, c := range cs {
		if !(c >= 0) || math.IsInf(c, 0) {
			return fail(fmt.Errorf("c must be 0 or more, got %g", c))
		}
	}
	rigl, err := r.chooser(backend, dstee.RigL())
	if err != nil {
		return fail(err)
	}
	c := new(knob)
	dstEE, err := r.chooser(backend, dstee.DSTEE(c, dstee.Constant(epsilon)))
	if err != nil {
		return fail(err)
	}
	sums := make([]curveSum, len(cs))
	for i := range r.Layers {
		l := &r.Layers[i]
		first, err := rigl.choose(l)
		if err != nil {
			return fail(err)
		}
		least, err := newLeastVisited(l, first)
		if err != nil {
			return fail(err)
		}
		for j := range cs {
			c.value = cs[j]
			made, err := dstEE.choose(l)
			if err == nil {
				err = sums[j].add(l, made, first, least)
			}
			if err != nil {
				return fail(err)
			}
		}
	}
	curve := &Curve{Round: r.Number, Step: r.Step, Epsilon: epsilon}
	for j, s := range sums {
		curve.Points = append(curve.Points, s.point(cs[j]))
	}
	return curve, nil
}

// curveSum counts over layers.
type curveSum struct {
	grown, never, visits int
	asRigL, least        int // Of those grown, how many RigL and the visits alone would have grown.
}

// add counts a choice in a layer.
func (s *curveSum) add(l *Layer, made, rigl *choice, least *leastVisited) error {
	never, visits, _, err := made.explored(l)
	if err != nil {
		return err
	}
	s.grown += len(made.chosen)
	s.never += never
	s.visits += visits
	s.asRigL += common(made.chosen, rigl.chosen)
	s.least += least.count(made.chosen)
	return nil
}

func (s *curveSum) point(c float64) CurvePoint {
	p := CurvePoint{C: c, RigL: jaccard(s.grown, s.grown, s.asRigL), LeastVisited: 1}
	if s.grown > 0 {
		p.LeastVisited = float64(s.least) / float64(s.grown)
		p.NeverActiveShare = float64(s.never) / float64(s.grown)
		p.MeanVisits = float64(s.visits) / float64(s.grown)
	}
	return p
}

// leastVisited is what a choice by visits alone takes: all candidates with fewer visits than limit, and some of those with
// limit.
type leastVisited struct {
	visits []int32 // Of all weights.
	limit  int32
	some   int
}

// newLeastVisited returns what visits alone would choose in the layer, as many as the given choice and from its candidates.
func newLeastVisited(l *Layer, like *choice) (*leastVisited, error) {
	visits, err := tensors.CopyFlatData[int32](l.Visits)
	if err != nil {
		return nil, err
	}
	least := &leastVisited{visits: visits}
	k := len(like.chosen)
	if k == 0 {
		return least, nil
	}
	sorted := make([]int32, len(like.candidates))
	for at, i := range like.candidates {
		sorted[at] = visits[i]
	}
	slices.Sort(sorted)
	least.limit = sorted[k-1]
	first, _ := slices.BinarySearch(sorted, least.limit)
	least.some = k - first
	return least, nil
}

// count is how many of those chosen visits alone could have chosen.
func (v *leastVisited) count(chosen []int) int {
	below, at := 0, 0
	for _, i := range chosen {
		switch n := v.visits[i]; {
		case n < v.limit:
			below++
		case n == v.limit:
			at++
		}
	}
	return below + min(at, v.some)
}

// knob is a number that is turned between updates: a parameter that changes without a graph being compiled again.
type knob struct{ value float64 }

// At implements dstee.Schedule.
func (k *knob) At(int) float64 { return k.value }

// Over implements dstee.Schedule.
func (k *knob) Over(int) dstee.Schedule { return k }

// String implements dstee.Schedule.
func (k *knob) String() string { return fmt.Sprintf("%g", k.value) }
