package dstee

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
)

// LayerMove is what a mask update is about to do to one layer, and why. It is lent: its tensors and functions are valid only
// during the call of the function given to [Sparsifier.OnMove], and the tensors must not be changed.
type LayerMove struct {
	Path         string  // The weight's path in the store.
	Step         int     // The optimizer step after which the update happens, counted from 1.
	Round        int     // The number of the update, counted from 1; skipped ones do not count.
	DropFraction float64 // Of this update.

	Before         LayerState // The layer before the update. The gradient is that which growth looks at.
	Active, Target int        // Numbers of active weights, before the update and as it was asked for.
	Move                      // The masks of what is kept and what is to be active, and how many weights that takes.

	// DropScores and GrowScores compute the scores that the update chose by, one for each weight, flat and row-major. The
	// slices are the caller's to keep.
	DropScores, GrowScores func() ([]float32, error)
}

// OnMove calls fn at each mask update that is applied, for each layer in turn, once all layers' masks are chosen and before
// anything changes: for those who record what an update chose from. An error of fn stops the training, and leaves all masks
// as they were. Without any fn, nothing is computed for it.
func (s *Sparsifier) OnMove(fn func(*LayerMove) error) *Sparsifier {
	s.onMove = append(s.onMove, fn)
	return s
}

// lendMoves calls the functions of OnMove.
func (s *Sparsifier) lendMoves(moves []*moving, round *MaskUpdate) error {
	if len(s.onMove) == 0 {
		return nil
	}
	number := int(tensors.ToScalar[int64](s.rounds.MustValue())) + 1
	for _, m := range moves {
		if err := s.lendMove(m, number, round.DropFraction); err != nil {
			return fmt.Errorf("dstee: OnMove of %q at step %d: %w", m.path, round.Step, err)
		}
	}
	return nil
}

func (s *Sparsifier) lendMove(m *moving, round int, dropFraction float64) error {
	move, err := m.move(s.selector)
	if err != nil {
		return err
	}
	scores := func(score scoreFn) func() ([]float32, error) {
		return func() ([]float32, error) { return scoresOf(m.updater, score, m.state, m.step, m.seed) }
	}
	lent := &LayerMove{
		Path:         m.path,
		Step:         m.step,
		Round:        round,
		DropFraction: dropFraction,
		Before:       m.state,
		Active:       m.active,
		Target:       m.target,
		Move:         move,
		DropScores:   scores((*Updater).dropScores),
		GrowScores:   scores((*Updater).growScores),
	}
	for _, fn := range s.onMove {
		if err := fn(lent); err != nil {
			return err
		}
	}
	var failed error
	for _, own := range []struct{ lent, kept *tensors.Tensor }{{move.Kept, m.kept.bools}, {move.Mask, m.mask.bools}} {
		if own.lent != own.kept {
			failed = errors.Join(failed, own.lent.FinalizeAll())
		}
	}
	return failed
}
