package dstee

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// hostSelector selects in Go. Where the backend shares its memory with the host, it reads scores without copying them.
type hostSelector struct{ backend compute.Backend }

func (hostSelector) start(l *moving) error {
	return tensors.ConstFlatData(l.state.Mask, func(mask []bool) { l.was.bits = bitsetOf(l.layout.unitsOf(mask)) })
}

func (hostSelector) keep(layers []*moving, k int) error {
	contests := make([]*contest, len(layers))
	for i, l := range layers {
		l.kept.bits = newBitset(l.layout.units())
		contests[i] = &contest{open: l.was.bits, selected: l.kept.bits, best: len(layers) > 1}
	}
	err := withScoresOf(layers, contests, (*Updater).dropScores, func() { topKOnHost(contests, k) })
	for _, l := range layers {
		l.numKept = l.kept.bits.count()
	}
	return err
}

func (hostSelector) grow(layers []*moving, k int) error {
	contests := make([]*contest, len(layers))
	for i, l := range layers {
		l.mask.bits = slices.Clone(l.kept.bits)
		contests[i] = &contest{
			open:     l.kept.bits.others(l.layout.units()),
			selected: l.mask.bits,
			best:     len(layers) > 1 && l.numKept == 0,
		}
	}
	err := withScoresOf(layers, contests, (*Updater).growScores, func() { topKOnHost(contests, k) })
	for _, l := range layers {
		l.numGrown = l.mask.bits.count() - l.numKept
	}
	return err
}

func (hostSelector) sumKept(l *moving, rank *Updater) (sum float64, err error) {
	err = l.withScores(rank, (*Updater).dropScores, func(scores []float32) error {
		sum = sumOnHost(scores, l.kept.bits)
		return nil
	})
	return sum, err
}

func (hostSelector) trim(l *moving, counts []int) error {
	kept := newBitset(l.layout.units())
	err := l.withScores(l.updater, (*Updater).dropScores, func(scores []float32) error {
		topKOfGroups(&contest{scores: scores, open: l.kept.bits, selected: kept}, l.layout, counts)
		return nil
	})
	l.kept.bits, l.numKept = kept, kept.count()
	return err
}

func (hostSelector) refill(l *moving, counts []int) error {
	l.mask.bits = slices.Clone(l.kept.bits)
	err := l.withScores(l.updater, (*Updater).growScores, func(scores []float32) error {
		others := l.kept.bits.others(l.layout.units())
		topKOfGroups(&contest{scores: scores, open: others, selected: l.mask.bits}, l.layout, counts)
		return nil
	})
	l.numGrown = l.mask.bits.count() - l.numKept
	return err
}

func (hostSelector) perColumn(l *moving, set unitSet) ([]int, error) {
	units := make([]bool, l.layout.units())
	set.bits.fill(units)
	return l.layout.perColumn(units), nil
}

func (hostSelector) tensor(l *moving, set unitSet) (*tensors.Tensor, error) {
	units := make([]bool, l.layout.units())
	set.bits.fill(units)
	return tensors.FromFlatDataAndDimensions(l.layout.expand(units), l.state.Weight.Shape().Dimensions...), nil
}

// weights returns the weights of a set of the layer's units.
func (l *moving) weights(set bitset) bitset {
	if l.layout.unit() == 1 {
		return set
	}
	units := make([]bool, l.layout.units())
	set.fill(units)
	return bitsetOf(l.layout.expand(units))
}

// withScoresOf calls fn with the layers' scores in their contests, all of them at once.
func withScoresOf(layers []*moving, contests []*contest, score scoreFn, fn func()) error {
	if len(layers) == 0 {
		fn()
		return nil
	}
	return layers[0].withScores(layers[0].updater, score, func(scores []float32) error {
		contests[0].scores = scores
		return withScoresOf(layers[1:], contests[1:], score, fn)
	})
}

// withScores lends fn the scores of the layer's units, flat.
func (l *moving) withScores(u *Updater, score scoreFn, fn func(scores []float32) error) error {
	scores, err := score(u, l.state, l.step, l.seed)
	if err != nil {
		return err
	}
	var inner error
	err = tensors.ConstFlatData(scores, func(flat []float32) {
		if l.layout.unit() > 1 {
			flat = unitScoresOnHost(l.layout, flat)
		}
		inner = fn(flat)
	})
	if err != nil {
		return err
	}
	if inner != nil {
		return inner
	}
	return scores.FinalizeAll()
}
