package dstee

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// This file holds the drop scores of the field.

// Magnitude drops the weights of smallest |W|, as DST-EE, RigL, SET and most methods of the field do.
func Magnitude() Acquisition {
	return Acquisition{Name: "magnitude", Score: func(s *Signals) *Node { return Abs(s.Weight) }}
}

// DefaultLambda is the λ of [MagnitudeAndGradient], chosen here: that of MEST's command line is 0, which leaves the gradient
// out.
const DefaultLambda = 0.1

// MagnitudeAndGradient is the drop score of MEST (Yuan et al., NeurIPS 2021, arXiv 2110.14032, boone891214/MEST): the weights
// of smallest |W| + λ·|∂L/∂W| are dropped, so that a small weight about to grow is kept.
func MagnitudeAndGradient(lambda Schedule) Acquisition {
	return Acquisition{
		Name:   "magnitude-and-gradient",
		Params: []Param{{"lambda", lambda}},
		Score: func(s *Signals) *Node {
			return Add(Abs(s.Weight), s.Rounded(Mul(s.Param("lambda"), Abs(s.Gradient))))
		},
	}
}
