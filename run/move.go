package run

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/trace"
)

// move is a copy of what an update does to a layer, to outlive the loan.
type move struct {
	trace.Move
	before   []bool    // The mask before the update.
	momentum []float32 // The optimizer's first moment, nil where it keeps none or the round is not saved.
	target   int       // The number of active weights asked for.
}

// keepMove copies what was lent; the momentum only for a round that is to be saved.
func keepMove(lent *dstee.LayerMove, saved bool) (m move, err error) {
	m = move{Move: trace.Move{Path: lent.Path, Shape: lent.Before.Weight.Shape().Dimensions}, target: lent.Target}
	for _, part := range []struct {
		to   *[]bool
		from *tensors.Tensor
	}{{&m.before, lent.Before.Mask}, {&m.Kept, lent.Kept}, {&m.Mask, lent.Mask}} {
		if *part.to, err = tensors.CopyFlatData[bool](part.from); err != nil {
			return m, err
		}
	}
	if m.Visits, err = tensors.CopyFlatData[int32](lent.Before.Visits); err != nil {
		return m, err
	}
	if m.Weight, err = floats(lent.Before.Weight); err != nil {
		return m, err
	}
	if m.Gradient, err = floats(lent.Before.Gradient); err != nil {
		return m, err
	}
	if saved && lent.Before.Momentum != nil {
		if m.momentum, err = floats(lent.Before.Momentum); err != nil {
			return m, err
		}
	}
	m.Score, err = lent.GrowScores()
	return m, err
}

// floats returns a copy of the values of a float32 tensor, nil for one of another dtype: the trace does without it.
func floats(t *tensors.Tensor) ([]float32, error) {
	if t.DType() != dtypes.Float32 {
		return nil, nil
	}
	return tensors.CopyFlatData[float32](t)
}

// masksOf returns the masks that training began with, or went on with, of a layer.
func (s *session) masksOf(l dstee.LayerStats) (m trace.Move, err error) {
	m = trace.Move{Path: l.Path, Shape: l.Shape}
	if m.Mask, err = s.sparse.Mask(l.Path); err != nil {
		return m, err
	}
	path := dstee.Scope + l.Path + "/visits"
	visits := s.store.GetVariable(path)
	if visits == nil {
		return m, fmt.Errorf("there is no variable %q", path)
	}
	if m.Visits, err = tensors.CopyFlatData[int32](visits.MustValue()); err != nil {
		return m, err
	}
	for i, active := range m.Mask {
		if active {
			m.Visits[i]-- // As they were before the mask was counted.
		}
	}
	return m, nil
}
