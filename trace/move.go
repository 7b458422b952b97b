package trace

import (
	"fmt"
)

// Move is what a mask update did to one layer, in full, for the [Writer] to summarize. All slices are flat and row-major,
// of one length: the product of Shape. They are only read, and not kept.
type Move struct {
	Path  string // The weight's path in the store.
	Shape []int  // The weight's dimensions.

	Kept []bool // Active weights that survived the drop. Not read for the first masks of a trace.
	Mask []bool // Active weights after the update.

	// What scores were computed from, before the update changed it. All but Visits may be nil, and that too for the first
	// masks of a trace if no weight was active before.
	Visits   []int32   // N before the new mask was counted.
	Weight   []float32 // The weights.
	Gradient []float32 // The gradient of the loss with respect to the dense weights.
	Score    []float32 // The growth score. Not read for the first masks of a trace.
}

// check says what is wrong with the move.
func (m *Move) check() error {
	size, err := sizeOf(m.Shape)
	if err != nil {
		return err
	}
	for _, slice := range []struct {
		name     string
		length   int
		required bool
	}{
		{"Mask", len(m.Mask), true},
		{"Kept", len(m.Kept), false},
		{"Visits", len(m.Visits), false},
		{"Weight", len(m.Weight), false},
		{"Gradient", len(m.Gradient), false},
		{"Score", len(m.Score), false},
	} {
		if slice.length != size && (slice.required || slice.length != 0) {
			return fmt.Errorf("%s has %d entries, want those of the shape %v: %d", slice.name, slice.length, m.Shape, size)
		}
	}
	return nil
}
