package dstee

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// This file holds the drop scores of the field.

// Magnitude is the drop score of all the above: the weights of smallest |W| are dropped.
func Magnitude() Acquisition {
	return Acquisition{Name: "magnitude", Score: func(s *Signals) *Node { return Abs(s.Weight) }}
}
