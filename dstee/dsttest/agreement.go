package dsttest

import (
	"fmt"
	"math"
	"slices"
)

// This file says where outcomes that should agree do not.

// compare says where two outcomes are not the same to the last bit.
func (s *subject) compare(between string, x, y []choice) error {
	for k, before := range scenes() {
		differ, first := 0, 0
		for i := range x[k].scores {
			if s.eligible(before, x[k], i) && rankBits(x[k].scores[i]) != rankBits(y[k].scores[i]) {
				if differ++; differ == 1 {
					first = i
				}
			}
		}
		if differ > 0 {
			return fmt.Errorf("%s: scores differ %s for %d of %d weights, first %g and %g for %s", before.name, between, differ, layerSize,
				x[k].scores[first], y[k].scores[first], before.describe(first))
		}
		if !slices.Equal(x[k].mask, y[k].mask) {
			return fmt.Errorf("%s: masks differ %s", before.name, between)
		}
	}
	return nil
}

// rankBits are the bits of a score, but that what ranks equal is equal: zeros of both signs, and all NaN.
func rankBits(score float32) uint32 {
	if score != score {
		return math.MaxUint32
	}
	return math.Float32bits(score + 0)
}

// compareBackends says where two backends do not agree.
func (s *subject) compareBackends(names []string, x, y []choice) error {
	if s.inexact {
		return s.compareRoughly(names, x, y)
	}
	if err := s.compare(fmt.Sprintf("on %q and %q", names[0], names[1]), x, y); err != nil {
		return fmt.Errorf("%w\nXLA computes x·y + z with one rounding, and divisions of divisions as one, Go does not: put Signals.Rounded around "+
			"products that are added, and around quotients and roots that are divided; have Log, Exp and Pow computed by a dstee.Formula. "+
			"If it cannot be helped, for instance where the score sums over the layer, use dsttest.Inexact", err)
	}
	return nil
}

// compareRoughly allows for rounding.
func (s *subject) compareRoughly(names []string, x, y []choice) error {
	const relative, ofLargest = 1e-3, 1e-5
	for k, before := range scenes() {
		largest := 0.0
		for _, score := range x[k].scores {
			if size := math.Abs(float64(score)); size > largest && !math.IsInf(size, 0) {
				largest = size
			}
		}
		for i := range x[k].scores {
			v, w := float64(x[k].scores[i]), float64(y[k].scores[i])
			same := v == w || math.IsNaN(v) && math.IsNaN(w) ||
				math.Abs(v-w) <= relative*max(math.Abs(v), math.Abs(w))+ofLargest*largest
			if !same && s.eligible(before, x[k], i) && s.eligible(before, y[k], i) {
				return fmt.Errorf("%s: scores differ by more than rounding: %g on %q, %g on %q for %s", before.name, v, names[0], w, names[1],
					before.describe(i))
			}
		}
	}
	return nil
}
