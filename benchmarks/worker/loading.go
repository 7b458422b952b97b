package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
	"github.com/sparsekernel/sparsekernel/datasets"
)

// loading reads the batches of an image data set as a training does: drawn from a permutation, shifted and flipped,
// normalized.
type loading struct {
	batches *datasets.Batches
	step    int
}

// newLoading makes a data set of noise with the shape of the work's images.
func newLoading(w work.Work) (*loading, error) {
	if !w.Images() {
		return nil, fmt.Errorf("%s has no images to load", w.Name)
	}
	const images = 4096
	rng := rand.New(rand.NewPCG(2, 0))
	split := &datasets.Split{
		Info:    datasets.Info{Name: "noise", Shape: w.Input, Classes: w.Classes, Labels: make([]int32, images)},
		Pixels:  make([]byte, images*w.InputSize()),
		Augment: datasets.CropFlip{Pad: min(4, w.Input[0]-1), Flip: true},
	}
	for i := range split.Pixels {
		split.Pixels[i] = byte(rng.IntN(256))
	}
	batches, err := datasets.NewBatches(split, w.Batch, 1)
	if err != nil {
		return nil, err
	}
	return &loading{batches: batches}, nil
}

func (l *loading) fetch(count int) (work.Reply, error) {
	began := time.Now()
	for range count {
		batch, err := l.batches.At(l.step)
		if err != nil {
			return work.Reply{}, err
		}
		l.step++
		for _, tensor := range append(batch.Inputs, batch.Labels...) {
			tensor.MustFinalizeAll()
		}
	}
	return work.Reply{Seconds: time.Since(began).Seconds()}, nil
}
