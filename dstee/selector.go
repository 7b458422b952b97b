package dstee

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// moving is a layer in the course of a mask update.
type moving struct {
	path           string // Of the weight, empty if unknown.
	updater        *Updater
	state          LayerState
	active, target int // Numbers of weights, before the update and after it.
	step           int
	seed           uint32

	// The outcome.
	kept, mask        weightSet
	numKept, numGrown int
}

// size is the number of the layer's weights.
func (l *moving) size() int { return l.state.Weight.Size() }

// weightSet is a set of a layer's weights, where the selector keeps it.
type weightSet struct {
	bits  bitset          // On the host.
	bools *tensors.Tensor // On the device: Bool, of the weights' shape.
}

// selector chooses weights by their scores. There are two, one in Go and one in compiled graphs, that choose the same.
type selector interface {
	// keep sets what the layers keep: the k active weights of highest drop score, of all layers together. If there are
	// several layers, each keeps at least its best.
	keep(layers []*moving, k int) error

	// grow sets the layers' masks: what they keep, and the k others of highest growth score, of all layers together. If
	// there are several layers, each that keeps nothing grows at least its best.
	grow(layers []*moving, k int) error

	// sumKept returns the sum of the rank's drop score over the weights that the layer keeps, NaN if one is not finite.
	sumKept(l *moving, rank *Updater) (float64, error)

	// tensor returns a set of the layer's weights as a Bool tensor of the weights' shape.
	tensor(l *moving, set weightSet) *tensors.Tensor
}

// newSelector returns the selector of the place, which is not Auto.
func newSelector(backend compute.Backend, place Place) selector {
	if place == OnHost {
		return hostSelector{}
	}
	return newDeviceSelector(backend)
}

// choose chooses the layer's mask by itself.
func (l *moving) choose(sel selector, fraction float64) error {
	if err := sel.keep([]*moving{l}, numKept(l.active, l.target, fraction)); err != nil {
		return err
	}
	return sel.grow([]*moving{l}, l.target-l.numKept)
}

// move is the outcome of the layer's update.
func (l *moving) move(sel selector) Move {
	return Move{
		Kept:    sel.tensor(l, l.kept),
		Mask:    sel.tensor(l, l.mask),
		Dropped: l.active - l.numKept,
		Grown:   l.numGrown,
	}
}
