package dstee

import (
	"errors"
	"fmt"
	"math"
)

// scope says which layers compete with one another in a mask update.
type scope struct {
	dropGlobally, growGlobally bool
	redistribute               *Acquisition
}

// DropGlobally lets the active weights of all layers compete: an update drops those of lowest drop score wherever they are,
// as many in total as it would drop layer by layer. By default each layer drops a share of its own.
//
// What layers compete for is the total that their distribution gives them: their own counts then follow from the scores,
// and the distribution only decides the first masks and the total. Each layer keeps at least one active weight. Ties go to
// the first layer by path, then to the lowest flat index.
//
// Layers with a density of their own, and those with a structure, stay by themselves. The scores of all competing layers are
// held at once, 4 bytes for each weight; otherwise they are those of one layer at a time.
func (s *Sparsifier) DropGlobally() *Sparsifier {
	s.scope.dropGlobally = true
	return s
}

// GrowGlobally lets the inactive weights of all layers compete, as [Sparsifier.DropGlobally] does the active ones: an
// update grows those of highest growth score wherever they are. By default each layer grows up to its own count.
func (s *Sparsifier) GrowGlobally() *Sparsifier {
	s.scope.growGlobally = true
	return s.checkScope()
}

// Redistribute shares the weights that an update grows out among layers in proportion to the mean score, by the given
// acquisition, of the active weights that each layer kept, as SNFS does with the size of momentum (Dettmers and
// Zettlemoyer, 2019, arXiv 1907.04840). Each layer then grows its share by its own growth score.
//
// Shares are rounded by largest remainder; what a layer has no room for is shared out among the others; the total is exact.
// Negative means count as 0. A layer that kept nothing grows at least one weight; it has no mean, and neither has a layer
// where a score is not finite: they take part with the average of the others' means. Which layers take part is as for
// [Sparsifier.DropGlobally].
func (s *Sparsifier) Redistribute(by Acquisition) *Sparsifier {
	if by.Score == nil {
		s.fail(fmt.Errorf("dstee: the acquisition %q to redistribute by has no Score function", by.Name))
	} else if err := by.check(); err != nil {
		s.fail(err)
	}
	if len(by.Memory) > 0 {
		s.fail(fmt.Errorf("dstee: growth cannot be redistributed by %q: it remembers, which only drop and growth scores do", by.Name))
	}
	s.scope.redistribute = &by
	return s.checkScope()
}

func (s *Sparsifier) checkScope() *Sparsifier {
	if s.scope.growGlobally && s.scope.redistribute != nil {
		s.fail(errors.New("dstee: growth is either global or redistributed among layers: use GrowGlobally or Redistribute, not both"))
	}
	return s
}

// competes tells whether layers have a total in common rather than counts of their own.
func (s scope) competes() bool { return s.dropGlobally || s.growGlobally || s.redistribute != nil }

// competes tells whether the layer can compete with others.
func (l *layer) competes() bool { return l.fixed == 0 && l.layout.plain() }

// numKept is how many of the active weights an update keeps: it drops ⌈fraction · active⌉ at least, more if the target is
// lower.
func numKept(active, target int, fraction float64) int {
	return min(active-int(math.Ceil(fraction*float64(active))), target)
}

// compete chooses the masks of layers that have a total in common. rank is the Updater of the acquisition to redistribute
// by, nil if there is none.
func (s scope) compete(sel selector, layers []*moving, fraction float64, rank *Updater) error {
	active, target := 0, 0
	for _, l := range layers {
		active += l.active
		target += l.target
	}
	if err := s.dropAmong(sel, layers, active, target, fraction); err != nil {
		return err
	}
	grown := target
	for _, l := range layers {
		grown -= l.numKept
	}
	if s.growGlobally {
		return sel.grow(layers, grown)
	}
	least, room := make([]int, len(layers)), make([]int, len(layers))
	for i, l := range layers {
		room[i] = l.layout.size() - l.numKept
		if l.numKept == 0 {
			least[i] = 1
		}
	}
	weights, err := s.growthWeights(sel, layers, rank)
	if err != nil {
		return err
	}
	for i, share := range shareOut(grown, weights, least, room) {
		if err := sel.grow(layers[i:i+1], share); err != nil {
			return err
		}
	}
	return nil
}

// dropAmong chooses what layers keep of their active weights, so few that a layer that keeps none can grow one.
func (s scope) dropAmong(sel selector, layers []*moving, active, target int, fraction float64) error {
	if s.dropGlobally {
		return sel.keep(layers, max(numKept(active, target, fraction), len(layers)))
	}
	kept, least := make([]int, len(layers)), make([]int, len(layers))
	weights := make([]float64, len(layers))
	total := 0
	for i, l := range layers {
		kept[i] = numKept(l.active, l.active, fraction)
		least[i] = min(1, kept[i])
		weights[i] = float64(kept[i])
		total += kept[i]
		if kept[i] == 0 {
			target--
		}
	}
	if total > target {
		kept = shareOut(target, weights, least, kept)
	}
	for i := range layers {
		if err := sel.keep(layers[i:i+1], kept[i]); err != nil {
			return err
		}
	}
	return nil
}

// growthWeights returns in proportion to what layers grow: to the means that Redistribute asks for, else to what each lacks
// of its target.
func (s scope) growthWeights(sel selector, layers []*moving, rank *Updater) ([]float64, error) {
	weights := make([]float64, len(layers))
	if s.redistribute == nil {
		for i, l := range layers {
			weights[i] = float64(max(0, l.target-l.numKept))
		}
		return weights, nil
	}
	sum, known := 0.0, 0
	for i, l := range layers {
		total, err := sel.sumKept(l, rank)
		if err != nil {
			return nil, err
		}
		weights[i] = max(0, total/float64(l.numKept)) // NaN if the layer kept nothing.
		if finite(weights[i]) {
			sum += weights[i]
			known++
		}
	}
	for i := range weights {
		if !finite(weights[i]) {
			weights[i] = sum / float64(max(1, known))
		}
	}
	return weights, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
