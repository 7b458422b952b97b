package dstee

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// moving is a layer in the course of a mask update.
type moving struct {
	path           string // Of the weight, empty if unknown.
	updater        *Updater
	layout         layout
	state          LayerState
	active, target int // Numbers of weights, before the update and after it.
	step           int
	seed           uint32

	was, kept, mask   unitSet // What is active before the update, survives the drop, is active after the update.
	numKept, numGrown int     // Numbers of units.

	backward *tensors.Tensor // The new backward set, Bool of the weights' shape; nil without a reserve.
}

// unitSet is a set of a layer's units, where the selector keeps it.
type unitSet struct {
	bits  bitset          // On the host.
	bools *tensors.Tensor // On the device: Bool, of the weights' shape if units are weights, else that of the units.
}

// selector does what a mask update does with weights: it chooses units by their scores, and applies the choice. There are
// two, one in Go and one in compiled graphs, that choose the same.
type selector interface {
	// finite tells whether no number of a float tensor is NaN or infinite.
	finite(t *tensors.Tensor) (bool, error)

	// start sets what is active before the update.
	start(l *moving) error

	// keep sets what the layers keep: the k active units of highest drop score, of all layers together. If there are
	// several layers, each keeps at least its best.
	keep(layers []*moving, k int) error

	// grow sets the layers' masks: what they keep, and the k others of highest growth score, of all layers together. If
	// there are several layers, each that keeps nothing grows at least its best.
	grow(layers []*moving, k int) error

	// trim leaves of what the layer keeps at most as many in each group as counts says for its column, by drop score.
	trim(l *moving, counts []int) error

	// refill sets the layer's mask: what it keeps, and of the others those of highest growth score in each group, up to
	// what counts says for its column.
	refill(l *moving, counts []int) error

	// perColumn counts the set's units in each column.
	perColumn(l *moving, set unitSet) ([]int, error)

	// sumKept returns the sum of the rank's drop score over the weights that the layer keeps, NaN if one is not finite.
	// Units must be weights.
	sumKept(l *moving, rank *Updater) (float64, error)

	// tensor returns the weights of a set of units as a Bool tensor of the weights' shape. It may be the set itself.
	tensor(l *moving, set unitSet) (*tensors.Tensor, error)

	// apply makes the layer's new mask the value of the variable mask, counts it in visits, and sets the weights that left it to
	// zero in the masked variables, where all others that are not active are zero already. It returns how many weights
	// entered, and how many of these had never been active.
	apply(l *moving, mask, visits *model.Variable, masked []*model.Variable) (entered, explored int, err error)
}

// newSelector returns the selector of the place, which is not Auto.
func newSelector(backend compute.Backend, place Place, execs *maintenance) selector {
	if place == OnHost {
		return hostSelector{backend}
	}
	return newDeviceSelector(backend, execs)
}

// update starts and chooses the move of a layer by itself.
func (l *moving) update(sel selector, fraction float64) (Move, error) {
	if err := sel.start(l); err != nil {
		return Move{}, err
	}
	if err := l.choose(sel, fraction); err != nil {
		return Move{}, err
	}
	return l.move(sel)
}

// choose chooses the layer's mask by itself.
func (l *moving) choose(sel selector, fraction float64) error {
	active, target := l.active/l.layout.unit(), l.target/l.layout.unit()
	if err := sel.keep([]*moving{l}, numKept(active, target, fraction)); err != nil {
		return err
	}
	if !l.layout.grouped() {
		return sel.grow([]*moving{l}, target-l.numKept)
	}
	living, err := l.living(sel, active, target)
	if err != nil {
		return err
	}
	counts := l.layout.groupCounts(target, living)
	if target < active || l.layout.structure.ablates() { // Else no group keeps more than it is to have.
		if err := sel.trim(l, counts); err != nil {
			return err
		}
	}
	return sel.refill(l, counts)
}

// living tells which columns live after the update.
func (l *moving) living(sel selector, active, target int) ([]bool, error) {
	if !l.layout.structure.ablates() {
		return l.layout.living(make([]int, l.layout.columns())), nil
	}
	before, err := sel.perColumn(l, l.was)
	if err != nil {
		return nil, err
	}
	if err := sel.grow([]*moving{l}, target-l.numKept); err != nil { // Salient is what would grow without a structure.
		return nil, err
	}
	salient, err := sel.perColumn(l, l.mask)
	if err != nil {
		return nil, err
	}
	living := l.layout.living(before)
	return l.layout.ablate(living, salient, active/max(1, countTrue(living)), target), nil
}

// dropped and grown are numbers of weights.
func (l *moving) dropped() int { return l.active - l.numKept*l.layout.unit() }
func (l *moving) grown() int   { return l.numGrown * l.layout.unit() }

// move is the outcome of the layer's update.
func (l *moving) move(sel selector) (Move, error) {
	move := Move{Dropped: l.dropped(), Grown: l.grown()}
	var err error
	if move.Kept, err = sel.tensor(l, l.kept); err != nil {
		return Move{}, err
	}
	move.Mask, err = sel.tensor(l, l.mask)
	return move, err
}
