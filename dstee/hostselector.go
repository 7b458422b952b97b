package dstee

import (
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
)

// hostSelector selects in Go. Where the backend shares its memory with the host, it reads scores without copying them.
type hostSelector struct{}

func (hostSelector) keep(layers []*moving, k int) error {
	contests := make([]*contest, len(layers))
	for i, l := range layers {
		err := tensors.ConstFlatData(l.state.Mask, func(active []bool) {
			contests[i] = &contest{among: bitsetOf(active), selected: newBitset(len(active)), best: len(layers) > 1}
		})
		if err != nil {
			return err
		}
		l.kept.bits = contests[i].selected
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
		contests[i] = &contest{among: l.kept.bits, others: true, selected: l.mask.bits, best: len(layers) > 1 && l.numKept == 0}
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

func (hostSelector) tensor(l *moving, set weightSet) *tensors.Tensor {
	mask := make([]bool, l.size())
	set.bits.fill(mask)
	return tensors.FromFlatDataAndDimensions(mask, l.state.Weight.Shape().Dimensions...)
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

// withScores lends fn the scores of the layer, flat.
func (l *moving) withScores(u *Updater, score scoreFn, fn func(scores []float32) error) error {
	scores, err := score(u, l.state, l.step, l.seed)
	if err != nil {
		return err
	}
	var inner error
	if err := tensors.ConstFlatData(scores, func(flat []float32) { inner = fn(flat) }); err != nil {
		return err
	}
	if inner != nil {
		return inner
	}
	return scores.FinalizeAll()
}
