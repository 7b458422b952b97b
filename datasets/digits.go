package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// digitsFile is described in DIGITS-LICENSE.md.
//
//go:embed digits.csv.gz
var digitsFile []byte

const (
	digitsSide     = 8  // height and width of an image
	digitsMaxPixel = 16 // value of a full pixel
	digitsClasses  = 10
	digitsColumns  = digitsSide*digitsSide + 1

	// Limits of what is read, far above what the data needs, so that a small file cannot take all memory.
	digitsMaxLines     = 100_000
	digitsMaxLineBytes = 1024

	digitsSplitSeed = 1998
	digitsTestEvery = 5 // one image in so many is for testing
)

// Digits returns 1,797 images of hand-written digits, [8, 8, 1], in 10 classes: 1,437 for training ("digits-train")
// and the other 360 for testing ("digits-test"). They are embedded, so no network is needed.
//
// The division is the same on every machine and in every run: a fifth of each class, within one image, chosen by a
// fixed seed. Both splits keep the order of the file. No image occurs twice in the file.
//
// Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
// doi:10.24432/C50P49, its test set of 13 writers; licence CC BY 4.0. See DIGITS-LICENSE.md. Writers are not named in
// the data, so both splits may have images of one writer.
func Digits() (train, test *Split, err error) {
	all, err := ReadDigits(bytes.NewReader(digitsFile))
	if err != nil {
		return nil, nil, errors.WithMessage(err, "embedded digits")
	}
	rest, held := holdOut(all.Labels, digitsTestEvery, digitsSplitSeed)
	return all.pick("digits-train", rest), all.pick("digits-test", held), nil
}

// pick returns a copy of the images at the given positions.
func (s *Split) pick(name string, positions []int) *Split {
	picked := *s
	picked.Name, picked.Labels, picked.Pixels = name, nil, nil
	for _, i := range positions {
		picked.Labels = append(picked.Labels, s.Labels[i])
		picked.Pixels = append(picked.Pixels, s.Pixels[i*s.Size():(i+1)*s.Size()]...)
	}
	return &picked
}

// ReadDigits reads digits from a gzip-compressed CSV file: one line per image, 64 pixels row by row, integers from 0 to
// 16, and the label last, an integer from 0 to 9; no header. It returns all of them as the split "digits", pixels
// divided by 16. Errors name the line and the column, counted from 1, and what was expected there. At most 100,000 lines
// are read.
func ReadDigits(r io.Reader) (*Split, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, errors.Wrap(err, "digits: not a gzip file")
	}
	s := &Split{
		Info:  Info{Name: "digits", Shape: []int{digitsSide, digitsSide, 1}, Classes: digitsClasses},
		White: digitsMaxPixel,
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, digitsMaxLineBytes)
	for lines.Scan() && lines.Err() == nil { // after an error there is one more line, cut off
		if s.Len() == digitsMaxLines {
			return nil, errors.Errorf("digits: more than %d lines", digitsMaxLines)
		}
		if err := s.addDigit(lines.Text()); err != nil {
			return nil, errors.WithMessagef(err, "digits: line %d", s.Len()+1)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, errors.Wrapf(err, "digits: reading line %d (the file is truncated, altered, or has a line of more "+
			"than %d bytes)", s.Len()+1, digitsMaxLineBytes)
	}
	if s.Len() == 0 {
		return nil, errors.Errorf("digits: the file is empty, want lines of %d integers", digitsColumns)
	}
	return s, nil
}

func (s *Split) addDigit(line string) error {
	columns := strings.Split(line, ",")
	if len(columns) != digitsColumns {
		return errors.Errorf("%d columns, want %d: %d pixels and a label",
			len(columns), digitsColumns, digitsColumns-1)
	}
	for i, column := range columns[:digitsColumns-1] {
		pixel, err := strconv.Atoi(column)
		if err != nil || pixel < 0 || pixel > digitsMaxPixel {
			return errors.Errorf("column %d: pixel is %q, want an integer from 0 to %d", i+1, column, digitsMaxPixel)
		}
		s.Pixels = append(s.Pixels, byte(pixel))
	}
	label, err := strconv.Atoi(columns[digitsColumns-1])
	if err != nil || label < 0 || label >= digitsClasses {
		return errors.Errorf("column %d: label is %q, want an integer from 0 to %d",
			digitsColumns, columns[digitsColumns-1], digitsClasses-1)
	}
	s.Labels = append(s.Labels, int32(label))
	return nil
}
