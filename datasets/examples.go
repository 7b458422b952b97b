package datasets

import (
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/pkg/errors"
)

// Examples are labelled examples that [Batches] and [Evaluation] serve: a [Split] in memory, a [Folder] on disk, [Links]
// of a graph, a part of another one ([Subset]), or your own.
type Examples interface {
	// About says what the examples are. Who asks does not change it.
	About() *Info

	// Inputs returns the inputs of the examples at the given positions, [len(positions), <shape...>], float32 unless their
	// type says otherwise. The tensor belongs to the caller.
	//
	// draws has one random number for each position, to augment it by, or is nil: then inputs are not augmented. The
	// result depends on positions and draws alone. Inputs may be called by several goroutines at once.
	Inputs(positions []int, draws []uint32) (*tensors.Tensor, error)
}

// Info says what the examples of a set are.
type Info struct {
	Name       string   // at least 3 characters, since GoMLX abbreviates names to 3
	Shape      []int    // of one input: [height, width, channels] of an image
	Labels     []int32  // one per example, in [0, Classes)
	Classes    int      // number of classes
	ClassNames []string // by class; nil where classes have no names
}

// About returns the info itself, for types that embed it.
func (i *Info) About() *Info { return i }

// Len returns the number of examples.
func (i *Info) Len() int { return len(i.Labels) }

// Size returns the number of values of one input.
func (i *Info) Size() int {
	size := 1
	for _, dim := range i.Shape {
		size *= dim
	}
	return size
}

// Validate returns an error that says which field does not fit, or nil.
func (i *Info) Validate() error {
	if len(i.Name) < 3 {
		return errors.Errorf("examples %q: the name needs at least 3 characters", i.Name)
	}
	if i.Len() == 0 {
		return errors.Errorf("examples %q: there are none", i.Name)
	}
	if len(i.Shape) == 0 || slices.Min(i.Shape) < 1 {
		return errors.Errorf("examples %q: the shape of an input is %d, want dimensions of at least 1", i.Name, i.Shape)
	}
	if i.ClassNames != nil && len(i.ClassNames) != i.Classes {
		return errors.Errorf("examples %q: %d names for %d classes", i.Name, len(i.ClassNames), i.Classes)
	}
	for k, label := range i.Labels {
		if label < 0 || int(label) >= i.Classes {
			return errors.Errorf("examples %q: the label of example %d is %d, want 0 to %d", i.Name, k, label, i.Classes-1)
		}
	}
	return nil
}

// validate returns what is wrong with the examples, whichever they are.
func validate(examples Examples) error {
	if v, ok := examples.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return examples.About().Validate()
}

// checkBatchSize returns an error unless the examples are valid and fill a batch of the given size.
func checkBatchSize(examples Examples, size int) error {
	if err := validate(examples); err != nil {
		return err
	}
	if about := examples.About(); size < 1 || size > about.Len() {
		return errors.Errorf("examples %q: batch size is %d, want 1 to %d, their number", about.Name, size, about.Len())
	}
	return nil
}

// labelsAt returns the labels of the examples at the given positions, int32 [len(positions), 1].
func (i *Info) labelsAt(positions []int) *tensors.Tensor {
	labels := tensors.FromScalarAndDimensions(int32(0), len(positions), 1)
	tensors.MustMutableFlatData(labels, func(flat []int32) {
		for k, position := range positions {
			flat[k] = i.Labels[position]
		}
	})
	return labels
}
