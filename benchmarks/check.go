package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// check returns an error unless all peers did the same: networks with as many parameters, weights of the same sizes, as
// many multiplications, and of each weight the given density active, to within one.
func check(w work.Work, density float64, results []Result) error {
	for _, r := range results {
		first := results[0]
		if r.Parameters != first.Parameters || r.MACs != first.MACs || !slices.Equal(r.Sizes, first.Sizes) {
			return fmt.Errorf("%s: %s has %d parameters, %d multiplications and weights of %d; %s has %d, %d and %d", w.Name,
				first.Peer, first.Parameters, first.MACs, first.Sizes, r.Peer, r.Parameters, r.MACs, r.Sizes)
		}
		if len(r.Active) != len(r.Sizes) {
			return fmt.Errorf("%s: %s has %d weights, and masks for %d", w.Name, r.Peer, len(r.Sizes), len(r.Active))
		}
		for i, size := range r.Sizes {
			if math.Abs(float64(r.Active[i])-density*float64(size)) > 1 {
				return fmt.Errorf("%s: %s has %d active weights of %d at density %g", w.Name, r.Peer, r.Active[i], size, density)
			}
		}
	}
	return nil
}
