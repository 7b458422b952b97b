package datasets

import (
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/pkg/errors"
)

// Split is a set of images with labels in memory, such as the training or the test images of a data set. Data sets
// made from it read it at each batch: do not change it then.
type Split struct {
	Name    string    // at least 3 characters, since GoMLX abbreviates names to 3
	Images  []float32 // image after image, each [height, width, channels] in row-major order, values in [0, 1]
	Labels  []int32   // one per image, in [0, Classes)
	Shape   [3]int    // height, width, channels of an image
	Classes int
}

// Len returns the number of images.
func (s *Split) Len() int { return len(s.Labels) }

// Image returns the values of image i, [height, width, channels] in row-major order. It shares memory with the split.
func (s *Split) Image(i int) []float32 {
	size := s.imageSize()
	return s.Images[i*size : (i+1)*size]
}

func (s *Split) imageSize() int { return s.Shape[0] * s.Shape[1] * s.Shape[2] }

// Validate returns an error that says which field does not fit, or nil. It does not look at the images' values.
func (s *Split) Validate() error {
	if len(s.Name) < 3 {
		return errors.Errorf("split %q: the name needs at least 3 characters", s.Name)
	}
	if s.Len() == 0 {
		return errors.Errorf("split %q has no images", s.Name)
	}
	if min(s.Shape[0], s.Shape[1], s.Shape[2]) < 1 {
		return errors.Errorf("split %q: image shape is %d, want height, width and channels of at least 1", s.Name, s.Shape)
	}
	if len(s.Images) != s.Len()*s.imageSize() {
		return errors.Errorf("split %q has %d labels and %d image values, want %d values for images shaped %d",
			s.Name, s.Len(), len(s.Images), s.Len()*s.imageSize(), s.Shape)
	}
	for i, label := range s.Labels {
		if label < 0 || int(label) >= s.Classes {
			return errors.Errorf("split %q: label of image %d is %d, want 0 to %d", s.Name, i, label, s.Classes-1)
		}
	}
	return nil
}

// checkBatchSize returns an error unless the split is valid and fills a batch of the given size.
func (s *Split) checkBatchSize(size int) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if size < 1 || size > s.Len() {
		return errors.Errorf("split %q: batch size is %d, want 1 to %d, the number of images", s.Name, size, s.Len())
	}
	return nil
}

// gather returns the images at the given positions as float32 [len(positions), height, width, channels] and their
// labels as int32 [len(positions), 1]. The tensors belong to the caller.
func (s *Split) gather(positions []int) (images, labels *tensors.Tensor) {
	images = tensors.FromScalarAndDimensions(float32(0), len(positions), s.Shape[0], s.Shape[1], s.Shape[2])
	tensors.MustMutableFlatData(images, func(flat []float32) {
		for _, position := range positions {
			flat = flat[copy(flat, s.Image(position)):]
		}
	})
	labels = tensors.FromScalarAndDimensions(int32(0), len(positions), 1)
	tensors.MustMutableFlatData(labels, func(flat []int32) {
		for i, position := range positions {
			flat[i] = s.Labels[position]
		}
	})
	return images, labels
}

func asBatch(images, labels *tensors.Tensor) train.Batch {
	return train.Batch{Inputs: []*tensors.Tensor{images}, Labels: []*tensors.Tensor{labels}}
}
