package dstee

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
)

// firstChoice is the choice of the first masks in progress: layers by their paths, with the initial values of their weights.
type firstChoice struct {
	s       *Sparsifier
	updater *Updater
	layers  []*layer
	counts  []int
	weights []*tensors.Tensor // Initial values, dense.
	masks   [][]bool          // What is left so far.
}

// newFirstChoice starts from all weights. counts are those of the distribution.
func (s *Sparsifier) newFirstChoice(layers []*layer, counts []int) (*firstChoice, error) {
	updater, err := NewUpdater(s.backend, Magnitude(), s.initial.Score.over(s.steps), OnHost)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(layers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(layers[a].path, layers[b].path) })
	c := &firstChoice{s: s, updater: updater}
	for _, i := range order {
		weights, err := layers[i].weight.MustValue().LocalClone()
		if err != nil {
			return nil, fmt.Errorf("dstee: reading weight %q: %w", layers[i].path, err)
		}
		mask := make([]bool, layers[i].size)
		for j := range mask {
			mask[j] = true
		}
		c.layers, c.counts = append(c.layers, layers[i]), append(c.counts, counts[i])
		c.weights, c.masks = append(c.weights, weights), append(c.masks, mask)
	}
	return c, nil
}

// prune chooses the masks, by the gradients that the function returns for the weights left so far, in the order of the
// layers.
func (c *firstChoice) prune(gradients func() ([]*tensors.Tensor, error)) error {
	rounds := max(1, c.s.initial.Rounds)
	for round := 1; round <= rounds; round++ {
		g, err := gradients()
		if err != nil {
			return err
		}
		scores := make([][]float32, len(c.layers))
		for i := range c.layers {
			if scores[i], err = c.score(i, g[i]); err != nil {
				return err
			}
		}
		c.choose(scores, float64(round)/float64(rounds))
	}
	c.s.initialMasks = map[string][]bool{}
	for i, l := range c.layers {
		c.s.initialMasks[l.path] = c.masks[i]
	}
	return nil
}

// score returns the scores of a layer's weights.
func (c *firstChoice) score(i int, gradient *tensors.Tensor) ([]float32, error) {
	l := c.layers[i]
	dims := l.weight.Shape().Dimensions
	weight, err := c.left(i)
	if err != nil {
		return nil, err
	}
	state := LayerState{
		Weight:     weight,
		Gradient:   gradient,
		Mask:       tensors.FromScalarAndDimensions(true, dims...),
		Visits:     tensors.FromScalarAndDimensions(int32(0), dims...),
		Path:       l.path,
		TotalSteps: c.s.steps,
	}
	scores, err := c.updater.GrowScores(state, 1, c.s.layerSeed(l, 0))
	if err != nil {
		return nil, fmt.Errorf("dstee: initial mask of %q: %w", l.path, err)
	}
	for j, score := range scores {
		if c.masks[i][j] && (score != score || math.IsInf(float64(score), 0)) {
			return nil, fmt.Errorf("dstee: initial mask of %q: the score %q is %g at flat index %d, which says nothing; the initial weights or the "+
				"data may be too large", l.path, c.s.initial.Score.Name, score, j)
		}
	}
	return scores, nil
}

// left returns the initial weights that are left so far, the others zero.
func (c *firstChoice) left(i int) (*tensors.Tensor, error) {
	masked, err := c.s.execs.maskExec.Call1(c.weights[i], c.mask(i))
	if err != nil {
		return nil, fmt.Errorf("dstee: masking the initial values of %q: %w", c.layers[i].path, err)
	}
	return masked, nil
}

// allLeft returns what is left of all layers.
func (c *firstChoice) allLeft() ([]*tensors.Tensor, error) {
	all := make([]*tensors.Tensor, len(c.layers))
	for i := range all {
		var err error
		if all[i], err = c.left(i); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// mask returns which of a layer's weights are left so far, Bool.
func (c *firstChoice) mask(i int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(slices.Clone(c.masks[i]), c.layers[i].weight.Shape().Dimensions...)
}

// choose leaves the weights of highest score among those left so far, at the given progress of pruning, from 0 to 1.
func (c *firstChoice) choose(scores [][]float32, progress float64) {
	remaining := func(size, count int) int {
		density := math.Pow(float64(count)/float64(size), progress)
		return max(count, int(math.Round(density*float64(size))))
	}
	var among []*contest
	var competing []int
	size, count := 0, 0
	for i, l := range c.layers {
		if c.s.initial.PerLayer || !l.competes() {
			c.masks[i] = l.layout.best(scores[i], c.masks[i], remaining(l.size, c.counts[i]))
			continue
		}
		among = append(among, &contest{scores: scores[i], open: bitsetOf(c.masks[i]), selected: newBitset(l.size), best: true})
		competing = append(competing, i)
		size, count = size+l.size, count+c.counts[i]
	}
	if len(among) == 0 {
		return
	}
	topKOnHost(among, remaining(size, count))
	for i, index := range competing {
		among[i].selected.fill(c.masks[index])
	}
}

// best returns the mask of a layer by itself: about n of the open weights, those of highest score that have its structure.
func (l layout) best(scores []float32, open []bool, n int) []bool {
	if l.unit() > 1 {
		scores = unitScoresOnHost(l, scores)
	}
	c := &contest{scores: scores, open: bitsetOf(l.unitsOf(open)), selected: newBitset(l.units())}
	if n = l.round(n) / l.unit(); l.grouped() {
		topKOfGroups(c, l, l.groupCounts(n, slices.Repeat([]bool{true}, l.columns())))
	} else {
		topKOnHost([]*contest{c}, n)
	}
	units := make([]bool, l.units())
	c.selected.fill(units)
	return l.expand(units)
}

// noGradients are zeros of the layers' shapes.
func (c *firstChoice) noGradients() []*tensors.Tensor {
	zeros := make([]*tensors.Tensor, len(c.layers))
	for i, l := range c.layers {
		zeros[i] = tensors.FromScalarAndDimensions(float32(0), l.weight.Shape().Dimensions...)
	}
	return zeros
}
