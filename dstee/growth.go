package dstee

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// This file holds the growth scores of the field.

// Defaults of DST-EE. The code of its first author has ε 1, and c 1e-5 unless its scripts set 1e-2: c lies between.
const (
	DefaultC       = 1e-4
	DefaultEpsilon = 1.0
)

// DSTEE is the growth score of DST-EE in the form of the paper (Huang et al., DAC 2023):
//
//	|∂L/∂W| + c·ln t / (N + ε)
//
// The larger c is, the more growth prefers weights seldom active. c 0 is [RigL].
func DSTEE(c, epsilon Schedule) Acquisition {
	return Acquisition{
		Name:   "dst-ee",
		Params: []Param{{"c", c}, {"epsilon", epsilon}},
		Score: func(s *Signals) *Node {
			return Add(Abs(s.Gradient), explorationBonus(s))
		},
	}
}

// DSTEEReference is the growth score as the code of DST-EE's first author computes it (harveyp123/ICCD_SpTrn_SLR,
// Masking.ucb_growth), which adds the bonus to the signed gradient:
//
//	|∂L/∂W + c·ln t / (N + ε)|
//
// It favours weights with a positive gradient; [DSTEE] does not.
func DSTEEReference(c, epsilon Schedule) Acquisition {
	return Acquisition{
		Name:   "dst-ee-reference",
		Params: []Param{{"c", c}, {"epsilon", epsilon}},
		Score: func(s *Signals) *Node {
			return Abs(Add(s.Gradient, explorationBonus(s)))
		},
	}
}

// explorationBonus is c·ln t / (N + ε).
func explorationBonus(s *Signals) *Node {
	return Div(Mul(s.Param("c"), s.LogStep), Add(s.VisitCount(), s.Param("epsilon")))
}

// RigL grows where the gradient is largest (Evci et al., ICML 2020): |∂L/∂W|.
func RigL() Acquisition {
	return Acquisition{Name: "rigl", Score: func(s *Signals) *Node { return Abs(s.Gradient) }}
}

// SET grows at random (Mocanu et al., 2018).
func SET() Acquisition {
	return Acquisition{Name: "set", Score: (*Signals).Random}
}
