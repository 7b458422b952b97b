package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
	"github.com/sparsekernel/sparsekernel/dstee/dsttest"
)

// checkRule returns an error unless a worker moves masks as the reference vectors say, position by position. Sparsekernel is
// checked against them by the tests of its package dsttest; this is for the others.
func checkRule(ctx context.Context, program command) (err error) {
	reference, err := dsttest.Reference()
	if err != nil {
		return err
	}
	c, err := start(ctx, program)
	if err != nil {
		return err
	}
	for _, want := range reference.Updates {
		if !decidable(want) {
			continue
		}
		given := want
		given.NewMask, given.NewVisits, given.Dropped, given.Grown = nil, nil, nil, nil
		reply, err := c.ask(work.Request{Do: work.Move, Layer: &given})
		if err != nil {
			return errors.Join(fmt.Errorf("moving the mask of %q: %w", want.Name, err), c.close())
		}
		if !slices.Equal(reply.Mask, want.NewMask) || !slices.Equal(reply.Visits, want.NewVisits) {
			return errors.Join(fmt.Errorf("the mask of %q is not moved as the reference says", want.Name), c.close())
		}
	}
	return c.close()
}

// decidable tells whether every library must choose the same weights: those that the others score by |g| + bonus, where no
// weights or scores are equal, of which a library may choose any.
func decidable(v dsttest.UpdateVector) bool {
	distinct := func(values []float64) bool {
		sorted := slices.Sorted(slices.Values(values))
		return len(slices.Compact(sorted)) == len(values)
	}
	var magnitudes, gradients []float64
	for i, on := range v.Mask {
		if on == 1 {
			magnitudes = append(magnitudes, math.Abs(float64(v.Weights[i])))
		}
		gradients = append(gradients, math.Abs(float64(v.Gradient[i])))
	}
	return v.Score == "|g|+b" && distinct(magnitudes) && distinct(gradients)
}
