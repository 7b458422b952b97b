package datasets

import (
	"encoding/binary"
	"io"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"
)

// idxMaxBytes is the most that is read of an IDX file, far above what any needs.
const idxMaxBytes = 1 << 31

// ReadIDX reads an array of bytes in the IDX format of MNIST, gzip-compressed or not: two bytes 0, the type 8 (unsigned
// byte), the number of dimensions, the dimensions as big-endian 32-bit integers, and the values in row-major order. It
// returns the dimensions and the values. Errors name the offset and what was expected there.
//
// Format: LeCun, Cortes and Burges, The MNIST Database, "File formats".
func ReadIDX(r io.Reader) (dims []int, values []byte, err error) {
	r, err = gunzipped(r)
	if err != nil {
		return nil, nil, err
	}
	var header [4]byte
	if n, err := io.ReadFull(r, header[:]); err != nil {
		return nil, nil, errors.Wrapf(err, "offset %d: want 4 bytes that begin an IDX file", n)
	}
	if header[0] != 0 || header[1] != 0 || header[2] != 8 {
		return nil, nil, errors.Errorf("offset 0: %x is not the beginning of an IDX file of bytes, want 000008", header[:3])
	}
	if header[3] < 1 || header[3] > 4 {
		return nil, nil, errors.Errorf("offset 3: %d dimensions, want 1 to 4", header[3])
	}
	total := int64(1)
	for i := range int(header[3]) {
		var dim [4]byte
		if n, err := io.ReadFull(r, dim[:]); err != nil {
			return nil, nil, errors.Wrapf(err, "offset %d: want dimension %d of %d", 4+4*i+n, i+1, header[3])
		}
		size := int64(binary.BigEndian.Uint32(dim[:]))
		dims = append(dims, int(size))
		if size == 0 || total > idxMaxBytes/size {
			return nil, nil, errors.Errorf("offset %d: dimensions %d, want each at least 1 and at most %d values in all",
				4+4*i, dims, idxMaxBytes)
		}
		total *= size
	}
	values, err = readExactly(r, int64(4+4*len(dims)), total)
	return dims, values, err
}

// readIDXSplit reads images and labels from IDX files in dir, compressed or not. Labels are in [0, classes).
func readIDXSplit(dir, images, labels string, info Info) (*Split, error) {
	imageDims, pixels, err := readIDXFile(dir, images)
	if err != nil {
		return nil, err
	}
	labelDims, classes, err := readIDXFile(dir, labels)
	if err != nil {
		return nil, err
	}
	if len(imageDims) != 3 || len(labelDims) != 1 || imageDims[0] != labelDims[0] {
		return nil, errors.Errorf("%s: %s has dimensions %d and %s has %d, want [images, height, width] and [images]",
			dir, images, imageDims, labels, labelDims)
	}
	if !slices.Equal(imageDims[1:], info.Shape[:2]) {
		return nil, errors.Errorf("%s: the images of %s are %d by %d, want %d by %d",
			dir, images, imageDims[1], imageDims[2], info.Shape[0], info.Shape[1])
	}
	s := &Split{Info: info, Pixels: pixels}
	for i, class := range classes {
		if int(class) >= info.Classes {
			return nil, errors.Errorf("%s: %s: offset %d: label is %d, want 0 to %d", dir, labels, 8+i, class, info.Classes-1)
		}
		s.Labels = append(s.Labels, int32(class))
	}
	return s, nil
}

func readIDXFile(dir, name string) (dims []int, values []byte, err error) {
	file, path, err := openMaybeGzip(filepath.Join(dir, name), filepath.Join(dir, name+".gz"))
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	dims, values, err = ReadIDX(file)
	return dims, values, errors.WithMessage(err, path)
}
