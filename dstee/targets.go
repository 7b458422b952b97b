package dstee

import (
	"fmt"
	"slices"
	"strings"
)

// targets returns how many weights of each layer are to be active at the given step: what the distribution allocates, or the
// layer's own density, rounded to what its structure can hold.
func (s *Sparsifier) targets(layers []*layer, step int) ([]int, error) {
	counts := make([]int, len(layers))
	var free []int
	for i, l := range layers {
		if l.fixed > 0 {
			counts[i] = l.layout.active(l.fixed)
			continue
		}
		free = append(free, i)
	}
	// Rounding breaks ties by order. That of the paths is the same in a store that was loaded, that of creation is not.
	slices.SortFunc(free, func(a, b int) int { return strings.Compare(layers[a].path, layers[b].path) })
	freeShapes := make([][]int, len(free))
	for i, at := range free {
		freeShapes[i] = layers[at].weight.Shape().Dimensions
	}
	density := s.density.Over(s.steps).At(step)
	if err := checkDensity(density, fmt.Sprintf("the density at step %d", step)); err != nil {
		return nil, err
	}
	if len(free) == 0 {
		return counts, nil
	}
	allocated, err := Allocate(s.distribution, freeShapes, density)
	if err != nil {
		return nil, err
	}
	if s.layers != nil {
		active := make([]int, len(free))
		for i, at := range free {
			active[i] = layers[at].active
		}
		if s.initial != nil && !s.initial.PerLayer {
			allocated = inProportion(allocated, active, freeShapes)
		}
		if s.dropFraction.Over(s.steps).At(step) == 0 {
			allocated = withoutGains(allocated, active)
		}
	}
	for i, count := range allocated {
		counts[free[i]] = layers[free[i]].layout.round(count)
	}
	return counts, nil
}

// inProportion shares the total of the counts out among layers as they share the active weights now: what the initial score
// gave them, they keep.
func inProportion(counts, active []int, shapes [][]int) []int {
	total := sum(counts)
	if total == sum(active) {
		return active
	}
	weights, least, most := make([]float64, len(counts)), make([]int, len(counts)), make([]int, len(counts))
	for i, n := range active {
		weights[i], least[i], most[i] = float64(n), 1, size(shapes[i])
	}
	return shareOut(total, weights, least, most)
}

// withoutGains returns counts of the same total that are nowhere above what is active now. Largest remainders let a layer gain
// a weight while others lose some (the Alabama paradox), which pruning must not. If the total grows, counts stay as they are.
func withoutGains(counts, active []int) []int {
	total := sum(counts)
	if total > sum(active) {
		return counts
	}
	room, least := make([]float64, len(counts)), make([]int, len(counts))
	for i, n := range counts {
		least[i] = min(n, active[i])
		room[i] = float64(active[i] - least[i])
	}
	return shareOut(total, room, least, active)
}

func sum(counts []int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}
