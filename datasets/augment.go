package datasets

import (
	"github.com/pkg/errors"

	"github.com/sparsekernel/sparsekernel/internal/hash"
)

// CropFlip augments images as is usual for CIFAR (Lee et al., Deeply-Supervised Nets, 2015; He et al., 2016): pad each
// side, crop an image of the original size from a random place, and mirror one image in two, left to right. All places
// are equally likely, to within one part in 65,536.
//
// Where it puts an image is a function of the image's draw, a random number (see [Batches]), by integer arithmetic: the
// hash of Signals.Random in package dstee, the finalizer of MurmurHash3.
type CropFlip struct {
	Pad     int  // rows and columns that are added on each side, less than the image has
	Reflect bool // whether they mirror the image about its outermost pixels; otherwise they are black
	Flip    bool // whether to mirror one image in two
}

// check returns an error unless images of the given shape, [height, width, channels], can be padded.
func (a CropFlip) check(shape []int) error {
	if most := min(shape[0], shape[1], 1<<15) - 1; a.Pad < 0 || a.Pad > most {
		return errors.Errorf("augmentation pads by %d, want 0 to %d for images of %d by %d", a.Pad, most, shape[0], shape[1])
	}
	return nil
}

// place returns where an image of the given draw goes: row y of the result is row y+down of the image, and column x is
// column x+right, of the mirrored image if it is flipped.
func (a CropFlip) place(draw uint32) (down, right int, flip bool) {
	random := func(which uint32) uint32 { return hash.Mix32(draw + which*0x9E3779B9) }
	shift := func(random uint32) int { return int(random>>16*uint32(2*a.Pad+1)>>16) - a.Pad }
	return shift(random(1)), shift(random(2)), a.Flip && random(3)>>31 == 1
}

// write writes the augmented image through the table, see [Split.table].
func (a CropFlip) write(to []float32, image []byte, shape []int, draw uint32, table []float32) {
	height, width, channels := shape[0], shape[1], shape[2]
	down, right, flip := a.place(draw)
	columns := make([]int, width) // where each comes from, -1 if from the padding
	for x := range columns {
		columns[x] = a.source(x+right, width)
		if flip && columns[x] >= 0 {
			columns[x] = width - 1 - columns[x]
		}
	}
	for y := range height {
		row := a.source(y+down, height)
		for x, column := range columns {
			pixel := to[(y*width+x)*channels:][:channels]
			if row < 0 || column < 0 {
				copy(pixel, table[:channels])
				continue
			}
			for c, b := range image[(row*width+column)*channels:][:channels] {
				pixel[c] = table[int(b)*channels+c]
			}
		}
	}
}

// source returns the row, or column, of the image that is at position i of the padded one, -1 where that is black.
func (a CropFlip) source(i, size int) int {
	switch {
	case i >= 0 && i < size:
		return i
	case !a.Reflect:
		return -1
	case i < 0:
		return -i
	default:
		return 2*(size-1) - i
	}
}

// draw returns the n-th random number of a seed: the output of SplitMix64 (Steele, Lea and Flood, 2014) at n.
func draw(seed uint64, n int) uint32 {
	mix := func(z uint64) uint64 {
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		return z ^ z>>31
	}
	return uint32(mix(mix(seed)+uint64(n)*0x9E3779B97F4A7C15) >> 32)
}
