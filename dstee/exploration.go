package dstee

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
)

// LayerStats counts the weights of a sparse layer.
type LayerStats struct {
	Path     string // The weight's path in the store.
	Shape    []int
	Size     int // Number of weights.
	Active   int // Weights that are active now, from the mask.
	Explored int // Weights active in any topology so far.
}

// Density is the share of weights that are active.
func (l LayerStats) Density() float64 { return float64(l.Active) / float64(l.Size) }

// ExplorationRate is the share of weights active in any topology so far: R in DST-EE, the in-time over-parameterization
// rate of ITOP (Liu et al., ICML 2021, arXiv 2102.02887).
func (l LayerStats) ExplorationRate() float64 { return float64(l.Explored) / float64(l.Size) }

// Stats counts the weights of all sparse layers, and in total, from masks and visits rather than from zeros among the
// weights. Layers kept dense by a pattern are not in it; those made dense by the distribution are.
func (s *Sparsifier) Stats() (layers []LayerStats, total LayerStats, err error) {
	if s.detached {
		return nil, total, errors.New("dstee: there are no masks to count after Detach")
	}
	if s.layers == nil {
		return nil, total, errors.New("dstee: there are no masks to count yet: the first training step makes them, or Prepare")
	}
	total.Path = "total"
	for _, l := range s.layers {
		stats := LayerStats{Path: l.path, Shape: l.weight.Shape().Dimensions, Size: l.size}
		err := tensors.ConstFlatData(l.mask.MustValue(), func(mask []bool) { stats.Active = countTrue(mask) })
		if err != nil {
			return nil, total, fmt.Errorf("dstee: reading the mask of %q: %w", l.path, err)
		}
		err = tensors.ConstFlatData(l.visits.MustValue(), func(visits []int32) { stats.Explored = countPositive(visits) })
		if err != nil {
			return nil, total, fmt.Errorf("dstee: reading the visits of %q: %w", l.path, err)
		}
		total.Size += stats.Size
		total.Active += stats.Active
		total.Explored += stats.Explored
		layers = append(layers, stats)
	}
	return layers, total, nil
}

// Mask returns a copy of the mask of the weight with the given path, flat and row-major: true where active.
func (s *Sparsifier) Mask(path string) ([]bool, error) {
	var paths []string
	for _, l := range s.layers {
		if l.path == path && !s.detached {
			mask, err := tensors.CopyFlatData[bool](l.mask.MustValue())
			if err != nil {
				return nil, fmt.Errorf("dstee: reading the mask of %q: %w", path, err)
			}
			return mask, nil
		}
		paths = append(paths, l.path)
	}
	return nil, fmt.Errorf("dstee: there is no mask of %q, only of %q", path, paths)
}

// countPositive is the number of entries above 0.
func countPositive(visits []int32) int {
	n := 0
	for _, visit := range visits {
		if visit > 0 {
			n++
		}
	}
	return n
}
