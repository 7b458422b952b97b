package whatif

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// Round is what a mask update sees, before it changes anything.
type Round struct {
	Number       int     // Of the mask update in its run, counted from 1.
	Step         int     // The optimizer step after which it happened, counted from 1.
	TotalSteps   int     // The length of the run, for schedules that end with it.
	Seed         int64   // Of the run, for random scores.
	DropFraction float64 // The share of active weights to drop, in [0, 1].
	Drop         string  // The name of the score by which weights are kept, see dstee.DropByName. Default "magnitude".
	Layers       []Layer // In any order, of different paths.
}

// Layer is a sparse weight before the update.
type Layer struct {
	// LayerState holds the tensors and the path. Momentum may be nil; acquisitions with a memory cannot be asked, since only
	// their own runs have one.
	dstee.LayerState

	// Target is how many weights are to be active after the update.
	Target int
}

// seed is that of the layer's random scores: what dstee.Sparsifier derives from the run's seed.
func (r *Round) seed(l *Layer) uint32 {
	hash := fnv.New32a()
	_, _ = fmt.Fprintf(hash, "%d %s %d", r.Seed, l.Path, r.Step) // Never fails.
	return hash.Sum32()
}

// check says what is wrong with the round.
func (r *Round) check() error {
	switch {
	case r.Number < 1:
		return fmt.Errorf("rounds are counted from 1, got %d", r.Number)
	case r.Step < 1 || r.Step > r.TotalSteps:
		return fmt.Errorf("the step of a round must be in [1, %d], the length of the run, got %d", r.TotalSteps, r.Step)
	case !(r.DropFraction >= 0 && r.DropFraction <= 1):
		return fmt.Errorf("the drop fraction must be in [0, 1], got %g", r.DropFraction)
	case len(r.Layers) == 0:
		return fmt.Errorf("the round has no layers")
	}
	if _, err := r.drop(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := range r.Layers {
		l := &r.Layers[i]
		if seen[l.Path] {
			return fmt.Errorf("there are two layers %q", l.Path)
		}
		seen[l.Path] = true
		if err := l.check(); err != nil {
			return fmt.Errorf("layer %q: %w", l.Path, err)
		}
	}
	return nil
}

func (r *Round) drop() (dstee.Acquisition, error) {
	if r.Drop == "" {
		return dstee.Magnitude(), nil
	}
	return dstee.DropByName(r.Drop)
}

func (l *Layer) check() error {
	isFloat := func(t *tensors.Tensor) bool { return t.DType().IsFloat() }
	for _, part := range []struct {
		name  string
		value *tensors.Tensor
		valid func(*tensors.Tensor) bool
		want  string
	}{
		{weightPart, l.Weight, isFloat, "of a float dtype"},
		{gradientPart, l.Gradient, isFloat, "of a float dtype"},
		{maskPart, l.Mask, func(t *tensors.Tensor) bool { return t.DType() == dtypes.Bool }, "Bool"},
		{visitsPart, l.Visits, func(t *tensors.Tensor) bool { return t.DType() == dtypes.Int32 }, "Int32"},
		{momentumPart, l.Momentum, isFloat, "of a float dtype"},
	} {
		if part.value == nil && part.name == momentumPart {
			continue // Not every optimizer keeps one.
		}
		if part.value == nil {
			return fmt.Errorf("the %s is missing", part.name)
		}
		if !part.valid(part.value) {
			return fmt.Errorf("the %s must be %s, it is %s", part.name, part.want, part.value.DType())
		}
		if !slices.Equal(part.value.Shape().Dimensions, l.Weight.Shape().Dimensions) {
			return fmt.Errorf("the %s is of shape %v, the weight of shape %v", part.name, part.value.Shape().Dimensions, l.Weight.Shape().Dimensions)
		}
	}
	if size := l.Weight.Size(); size < 1 || l.Target < 0 || l.Target > size {
		return fmt.Errorf("of %d weights %d cannot be active", size, l.Target)
	}
	return nil
}
