package lesson

import (
	"fmt"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views"
)

// TriedByRows parts the rows of a layer's weights, in their order, into as many parts of equal size, and returns of each the
// share of its weights that was active in any topology of a run. path names the weights; they have at least as many rows as
// there are parts.
func TriedByRows(r *views.Run, path string, parts int) ([]float64, error) {
	var topology trace.Topology
	var tried, sizes []int
	var ever []bool
	for _, u := range r.Applied() {
		if err := topology.Advance(u); err != nil {
			return nil, err
		}
		moved, err := topology.Transition(path)
		if err != nil {
			return nil, err
		}
		columns := moved.Shape[len(moved.Shape)-1]
		rows := len(moved.After) / columns
		if parts < 1 || parts > rows {
			return nil, fmt.Errorf("the %d rows of %s cannot be parted into %d", rows, path, parts)
		}
		if ever == nil {
			ever, tried, sizes = make([]bool, len(moved.After)), make([]int, parts), make([]int, parts)
			for i := range ever {
				sizes[i/columns*parts/rows]++
			}
		}
		for i, active := range moved.After {
			if active && !ever[i] {
				ever[i] = true
				tried[i/columns*parts/rows]++
			}
		}
	}
	if ever == nil {
		return nil, fmt.Errorf("run %q has no masks", r.Name)
	}
	shares := make([]float64, parts)
	for i := range shares {
		shares[i] = float64(tried[i]) / float64(sizes[i])
	}
	return shares, nil
}
