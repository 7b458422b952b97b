package trace

import (
	"fmt"
	"slices"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// fullEvery is how many rounds after a whole mask the next one follows at the latest: so many updates must be read at
// most to decode the masks of one.
const fullEvery = 16

// summarizer turns moves into layers of an update.
type summarizer struct {
	compressor compressor
	samples    int // Highest number of candidates to sample per layer.
}

// layer summarizes a move. before is nil for the first masks of a trace.
func (s *summarizer) layer(m *Move, u *Update, before *layerMasks) (Layer, layerMasks, error) {
	fail := func(err error) (Layer, layerMasks, error) {
		return Layer{}, layerMasks{}, fmt.Errorf("layer %q: %w", m.Path, err)
	}
	if err := m.check(); err != nil {
		return fail(err)
	}
	size := len(m.Mask)
	masks := layerMasks{path: m.Path, shape: slices.Clone(m.Shape), size: size, after: bitset.OfBools(m.Mask)}
	l := Layer{Path: m.Path, Shape: masks.shape, Size: size, Active: masks.after.Count()}
	rng := newRandom(m.Path, u.Step)
	if before == nil {
		l.Mask = PackedMask{Zlib: s.compressor.compress(masks.after, size)}
		if err := s.describe(&l, m, masks.after, rng); err != nil {
			return fail(err)
		}
		return l, masks, nil
	}
	if m.Path != before.path || !slices.Equal(m.Shape, before.shape) {
		return fail(fmt.Errorf("the update before had %q of shape %v in its place: each update must have the same layers, "+
			"in the same order", before.path, before.shape))
	}
	if len(m.Kept) == 0 {
		return fail(fmt.Errorf("the move has no Kept: only the first masks of a trace come without it"))
	}
	if len(m.Visits) == 0 {
		return fail(fmt.Errorf("the move has no Visits: only the first masks of a trace come without them"))
	}
	masks.before, masks.kept = before.after, bitset.OfBools(m.Kept)
	if extra := masks.kept.AndNot(masks.before).Count(); extra > 0 {
		return fail(fmt.Errorf("%d weights were kept that the mask recorded before does not have: each update that is "+
			"applied must be recorded", extra))
	}
	if lost := masks.kept.AndNot(masks.after).Count(); lost > 0 {
		return fail(fmt.Errorf("%d weights were kept that the new mask does not have", lost))
	}
	grown := masks.after.AndNot(masks.kept)
	regrown := masks.before.And(grown)
	l.Dropped, l.Grown, l.Regrown = masks.before.Count()-masks.kept.Count(), grown.Count(), regrown.Count()
	l.Mask = s.pack(masks.after, masks.before, size, u.Round)
	if l.Regrown > 0 {
		l.RegrownMask = &PackedMask{Zlib: s.compressor.compress(regrown, size)}
	}
	if err := s.describe(&l, m, masks.before, rng); err != nil {
		return fail(err)
	}
	s.explain(&l, m, masks, grown, rng)
	return l, masks, nil
}

// pack returns the mask as a difference to the one before where that has fewer bits to tell, else whole.
func (s *summarizer) pack(mask, before bitset.Set, size, round int) PackedMask {
	change := mask.Xor(before)
	active := mask.Count()
	if round%fullEvery == 0 || change.Count() >= min(active, size-active) {
		return PackedMask{Zlib: s.compressor.compress(mask, size)}
	}
	return PackedMask{Base: baseBefore, Zlib: s.compressor.compress(change, size)}
}

// describe fills in the statistics of the layer's values, the mask being that of the weights active when they were taken.
func (s *summarizer) describe(l *Layer, m *Move, active bitset.Set, rng *random) (err error) {
	if l.Visits, l.Explored, err = countVisits(m.Visits, m.Mask); err != nil {
		return err
	}
	l.Weights = newHistograms(m.Weight, active, rng)
	l.Gradients = newHistograms(m.Gradient, active, rng)
	return nil
}

// explain fills in what growth chose from.
func (s *summarizer) explain(l *Layer, m *Move, masks layerMasks, grown bitset.Set, rng *random) {
	candidates := masks.kept.Not(l.Size)
	if len(m.Score) == 0 {
		return
	}
	l.Threshold = lowest(m.Score, grown)
	l.Scores = newScores(m, candidates, rng)
	l.Sample = newSamples(m, grown, candidates, s.samples, rng)
}
