package main

import (
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/trace"
)

// recording records the mask updates of a training as runs do, and how long that takes.
type recording struct {
	writer *trace.Writer
	rounds int
	moves  []trace.Move
	took   time.Duration // For the last update: what training waits for, and what a run does in the background.
}

// record begins a trace in the folder, of a training that has masks.
func record(t *training, dir string) (*recording, error) {
	writer, err := trace.Create(dir, nil)
	if err != nil {
		return nil, err
	}
	r := &recording{writer: writer}
	layers, _, err := t.sparse.Stats()
	if err != nil {
		return nil, err
	}
	first := make([]trace.Move, len(layers))
	for i, l := range layers {
		mask, err := t.sparse.Mask(l.Path)
		if err != nil {
			return nil, err
		}
		first[i] = trace.Move{Path: l.Path, Shape: l.Shape, Mask: mask, Visits: make([]int32, len(mask))}
	}
	if err := writer.Update(trace.Update{}, first...); err != nil {
		return nil, err
	}
	t.sparse.OnMove(r.moved)
	return r, nil
}

// moved copies what an update chose from.
func (r *recording) moved(lent *dstee.LayerMove) (err error) {
	began := time.Now()
	m := trace.Move{Path: lent.Path, Shape: lent.Before.Weight.Shape().Dimensions}
	if m.Kept, err = tensors.CopyFlatData[bool](lent.Kept); err != nil {
		return err
	}
	if m.Mask, err = tensors.CopyFlatData[bool](lent.Mask); err != nil {
		return err
	}
	if m.Visits, err = tensors.CopyFlatData[int32](lent.Before.Visits); err != nil {
		return err
	}
	if m.Weight, err = tensors.CopyFlatData[float32](lent.Before.Weight); err != nil {
		return err
	}
	if m.Gradient, err = tensors.CopyFlatData[float32](lent.Before.Gradient); err != nil {
		return err
	}
	if m.Score, err = lent.GrowScores(); err != nil {
		return err
	}
	r.moves = append(r.moves, m)
	r.took += time.Since(began)
	return nil
}

// write records the update that was copied.
func (r *recording) write(step int) error {
	began, moves := time.Now(), r.moves
	r.moves = nil
	r.rounds++
	if err := r.writer.Update(trace.Update{Step: step, Round: r.rounds}, moves...); err != nil {
		return err
	}
	r.took += time.Since(began)
	return nil
}
