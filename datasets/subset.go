package datasets

import (
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/pkg/errors"
)

// Subset returns the examples at the given positions of others, in that order, under a name of its own. It shares memory
// with them. A position out of range is an error.
func Subset(of Examples, name string, positions []int) (Examples, error) {
	about := of.About()
	s := &subset{Info: *about, of: of, positions: slices.Clone(positions)}
	s.Name, s.Labels = name, make([]int32, len(positions))
	for i, position := range positions {
		if position < 0 || position >= about.Len() {
			return nil, errors.Errorf("subset %q of %q: position %d is %d, want 0 to %d", name, about.Name, i, position, about.Len()-1)
		}
		s.Labels[i] = about.Labels[position]
	}
	return s, nil
}

// OfClasses returns the examples of the given classes, under a name of its own. Their labels are 0 for the first of the
// classes, 1 for the second and so on. A class that does not exist or is given twice is an error.
func OfClasses(of Examples, name string, classes ...int) (Examples, error) {
	about := of.About()
	labelOf := map[int32]int32{}
	var names []string
	for i, class := range classes {
		if class < 0 || class >= about.Classes {
			return nil, errors.Errorf("classes of %q: class is %d, want 0 to %d", about.Name, class, about.Classes-1)
		}
		if _, twice := labelOf[int32(class)]; twice {
			return nil, errors.Errorf("classes of %q: class %d is given twice", about.Name, class)
		}
		labelOf[int32(class)] = int32(i)
		if about.ClassNames != nil {
			names = append(names, about.ClassNames[class])
		}
	}
	s := &subset{Info: Info{Name: name, Shape: about.Shape, Classes: len(classes), ClassNames: names}, of: of}
	for i, label := range about.Labels {
		if label, chosen := labelOf[label]; chosen {
			s.positions, s.Labels = append(s.positions, i), append(s.Labels, label)
		}
	}
	return s, nil
}

// holdOut divides examples with the given labels in two: held has the positions of one in so many, 1 or more, and rest the
// others, both in order. It takes each class in this proportion, within one example, by the seed alone.
func holdOut(labels []int32, oneIn int, seed uint64) (rest, held []int) {
	shuffled := rand.New(rand.NewPCG(seed, 0)).Perm(len(labels))
	slices.SortStableFunc(shuffled, func(a, b int) int { return int(labels[a] - labels[b]) })
	isHeld := make([]bool, len(labels))
	for rank, i := range shuffled {
		isHeld[i] = rank%oneIn == 0
	}
	for i := range labels {
		if isHeld[i] {
			held = append(held, i)
		} else {
			rest = append(rest, i)
		}
	}
	return rest, held
}

// subset is a part of other examples, with labels of its own.
type subset struct {
	Info
	of        Examples
	positions []int // in of
}

// Inputs implements [Examples].
func (s *subset) Inputs(positions []int, draws []uint32) (*tensors.Tensor, error) {
	inner := make([]int, len(positions))
	for i, position := range positions {
		inner[i] = s.positions[position]
	}
	return s.of.Inputs(inner, draws)
}

// Validate returns what is wrong with the part or with the whole.
func (s *subset) Validate() error {
	if err := s.Info.Validate(); err != nil {
		return err
	}
	return validate(s.of)
}
