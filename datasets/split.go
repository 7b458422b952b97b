package datasets

import (
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/pkg/errors"
)

// Split is a set of labelled images in memory, one byte per value, such as the training or the test images of a data
// set. What is made from it reads it at each batch: do not change it then.
//
// Its inputs are float32 [batch, height, width, channels]: Pixels/White, in [0, 1], shifted and flipped if there are draws
// to do it by, and normalized.
type Split struct {
	Info
	Pixels    []byte        // image after image, each [height, width, channels] in row-major order
	White     byte          // the value of a full pixel; 0 stands for 255
	Augment   CropFlip      // of the images of [Batches]; the zero value leaves them as they are
	Normalize Normalization // of all images; the zero value leaves them in [0, 1]
}

// Image returns the values of image i as inputs have them without draws, [height, width, channels] in row-major order.
func (s *Split) Image(i int) []float32 {
	image := make([]float32, s.Size())
	s.write(image, i, nil, s.table())
	return image
}

// Validate returns an error that says which field does not fit, or nil.
func (s *Split) Validate() error {
	if err := s.Info.Validate(); err != nil {
		return err
	}
	if len(s.Shape) != 3 {
		return errors.Errorf("split %q: the shape of an image is %d, want height, width and channels", s.Name, s.Shape)
	}
	if len(s.Pixels) != s.Len()*s.Size() {
		return errors.Errorf("split %q has %d labels and %d pixel values, want %d values for images shaped %d",
			s.Name, s.Len(), len(s.Pixels), s.Len()*s.Size(), s.Shape)
	}
	if err := s.Augment.check(s.Shape); err != nil {
		return errors.WithMessagef(err, "split %q", s.Name)
	}
	return errors.WithMessagef(s.Normalize.check(s.Shape[2]), "split %q", s.Name)
}

// Inputs implements [Examples].
func (s *Split) Inputs(positions []int, draws []uint32) (*tensors.Tensor, error) {
	images := tensors.FromScalarAndDimensions(float32(0), append([]int{len(positions)}, s.Shape...)...)
	table, size := s.table(), s.Size()
	tensors.MustMutableFlatData(images, func(flat []float32) {
		for k, position := range positions {
			var draw *uint32
			if draws != nil {
				draw = &draws[k]
			}
			s.write(flat[k*size:(k+1)*size], position, draw, table)
		}
	})
	return images, nil
}

// table returns the input of each byte in each channel: byte b in channel c at b·channels + c.
func (s *Split) table() []float32 {
	white := float32(s.White)
	if s.White == 0 {
		white = 255
	}
	channels := s.Shape[2]
	table := make([]float32, 256*channels)
	for b := range 256 {
		for c := range channels {
			table[b*channels+c] = s.Normalize.of(float32(b)/white, c)
		}
	}
	return table
}

// write writes image i through the table, augmented by the draw unless it is nil.
func (s *Split) write(to []float32, i int, draw *uint32, table []float32) {
	image := s.Pixels[i*s.Size() : (i+1)*s.Size()]
	if draw != nil && s.Augment != (CropFlip{}) {
		s.Augment.write(to, image, s.Shape, *draw, table)
		return
	}
	channels := s.Shape[2]
	for c := range channels {
		for k := c; k < len(image); k += channels {
			to[k] = table[int(image[k])*channels+c]
		}
	}
}
