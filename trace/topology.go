package trace

import (
	"fmt"
	"slices"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// Topology follows the masks of all layers through the updates of a trace. Its zero value is ready for the first update,
// or for any whose masks are all whole ones.
type Topology struct {
	round  int
	layers []layerMasks
}

// layerMasks are the masks of a layer around an update.
type layerMasks struct {
	path                string
	shape               []int
	size                int
	before, kept, after bitset.Set // before and kept are nil at the first update.
}

// Advance takes the topology to after the given update, which must be the one that follows in the trace. A skipped update
// changes nothing.
func (t *Topology) Advance(u *Update) error {
	if u.Skipped != "" {
		return nil
	}
	if t.layers != nil && u.Round != t.round+1 {
		return fmt.Errorf("the update of round %d does not follow that of round %d", u.Round, t.round)
	}
	if t.layers != nil && len(u.Layers) != len(t.layers) {
		return fmt.Errorf("round %d has %d layers, the round before had %d", u.Round, len(u.Layers), len(t.layers))
	}
	next := make([]layerMasks, len(u.Layers))
	for i := range u.Layers {
		var before *layerMasks
		if t.layers != nil {
			before = &t.layers[i]
		}
		var err error
		if next[i], err = advance(&u.Layers[i], before); err != nil {
			return fmt.Errorf("layer %q in round %d: %w", u.Layers[i].Path, u.Round, err)
		}
	}
	t.round, t.layers = u.Round, next
	return nil
}

// advance decodes the masks of a layer. before is nil at the first update.
func advance(l *Layer, before *layerMasks) (next layerMasks, err error) {
	next = layerMasks{path: l.Path, shape: l.Shape, size: l.Size}
	if size, err := sizeOf(l.Shape); err != nil || size != l.Size {
		return next, fmt.Errorf("its shape %v is not one of %d weights", l.Shape, l.Size)
	}
	if before != nil {
		if l.Path != before.path || !slices.Equal(l.Shape, before.shape) {
			return next, fmt.Errorf("the round before had %q of shape %v in its place", before.path, before.shape)
		}
		next.before = before.after
	}
	if next.after, err = l.Mask.decode(l.Size, next.before); err != nil {
		return next, err
	}
	if active := next.after.Count(); active != l.Active {
		return next, fmt.Errorf("the mask has %d active weights, the record says %d", active, l.Active)
	}
	if next.before == nil {
		return next, nil
	}
	next.kept = next.before.And(next.after)
	if l.RegrownMask != nil {
		regrown, err := l.RegrownMask.decode(l.Size, next.before)
		if err != nil {
			return next, fmt.Errorf("those regrown: %w", err)
		}
		next.kept = next.kept.AndNot(regrown)
	}
	return next, nil
}

// Round is the number of updates applied so far.
func (t *Topology) Round() int { return t.round }

// Paths returns the paths of the layers' weights, in the trace's order.
func (t *Topology) Paths() []string {
	paths := make([]string, len(t.layers))
	for i, l := range t.layers {
		paths[i] = l.path
	}
	return paths
}

// Transition returns what the last update did to the mask of the weight with the given path.
func (t *Topology) Transition(path string) (Transition, error) {
	l, err := t.layer(path)
	if err != nil {
		return Transition{}, err
	}
	tr := Transition{Path: l.path, Shape: l.shape, Round: t.round, After: l.after.Bools(l.size)}
	if l.before != nil {
		tr.Before, tr.Kept = l.before.Bools(l.size), l.kept.Bools(l.size)
	}
	return tr, nil
}

// layer returns the masks of the weight with the given path.
func (t *Topology) layer(path string) (*layerMasks, error) {
	for i := range t.layers {
		if t.layers[i].path == path {
			return &t.layers[i], nil
		}
	}
	return nil, fmt.Errorf("trace: there is no layer %q, only %q", path, t.Paths())
}

// maxSize is the largest number of weights of a layer: what a mask of 512 MiB holds.
const maxSize = 1 << 32

// sizeOf is the number of weights of a shape.
func sizeOf(shape []int) (int, error) {
	size := 1
	for _, dim := range shape {
		if dim < 1 || dim > maxSize/size {
			return 0, fmt.Errorf("the shape %v must have dimensions from 1, and at most 2^32 weights", shape)
		}
		size *= dim
	}
	return size, nil
}
