package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"math/rand/v2"
	"slices"
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
	train, test = divide(all, digitsTestEvery, digitsSplitSeed)
	return train, test, nil
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
	s := &Split{Name: "digits", Shape: [3]int{digitsSide, digitsSide, 1}, Classes: digitsClasses}
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
		s.Images = append(s.Images, float32(pixel)/digitsMaxPixel)
	}
	label, err := strconv.Atoi(columns[digitsColumns-1])
	if err != nil || label < 0 || label >= digitsClasses {
		return errors.Errorf("column %d: label is %q, want an integer from 0 to %d",
			digitsColumns, columns[digitsColumns-1], digitsClasses-1)
	}
	s.Labels = append(s.Labels, int32(label))
	return nil
}

// divide returns one image in every testEvery as the test split and the others as the training split, each class in
// this proportion within one image.
func divide(all *Split, testEvery int, seed uint64) (train, test *Split) {
	shuffled := rand.New(rand.NewPCG(seed, 0)).Perm(all.Len())
	slices.SortStableFunc(shuffled, func(a, b int) int { return int(all.Labels[a] - all.Labels[b]) })
	isTest := make([]bool, all.Len())
	for rank, i := range shuffled {
		isTest[i] = rank%testEvery == 0
	}
	train, test = all.emptyLike("-train"), all.emptyLike("-test")
	for i, label := range all.Labels {
		part := train
		if isTest[i] {
			part = test
		}
		part.Images = append(part.Images, all.Image(i)...)
		part.Labels = append(part.Labels, label)
	}
	return train, test
}

func (s *Split) emptyLike(nameSuffix string) *Split {
	return &Split{Name: s.Name + nameSuffix, Shape: s.Shape, Classes: s.Classes}
}
