package datasets

import (
	"bufio"
	"io"
	"strings"

	"github.com/pkg/errors"
)

const (
	cifarSide   = 32
	cifarPlane  = cifarSide * cifarSide // bytes of one color of an image
	cifarPixels = 3 * cifarPlane        // bytes of an image
)

// CIFAR10 reads the 50,000 training ("cifar10-train") and 10,000 test images ("cifar10-test"), [32, 32, 3], in 10
// classes, from the official binary version: data_batch_1.bin to data_batch_5.bin, test_batch.bin and batches.meta.txt in
// dir, in its folder cifar-10-batches-bin, or in its cifar-10-binary.tar.gz.
//
// Inputs are normalized with means and deviations usual for it; [Batches] of them are cropped from images padded
// by 4 reflected pixels, and flipped, the recipe of GraNet (Liu et al., NeurIPS 2021).
//
// Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
func CIFAR10(dir string) (train, test *Split, err error) {
	files := cifarFiles{folder: "cifar-10-batches-bin", archive: "cifar-10-binary.tar.gz", labels: []int{10},
		names: "batches.meta.txt", test: cifarFile{"test_batch.bin", 10_000}}
	for _, batch := range []string{"1", "2", "3", "4", "5"} {
		files.train = append(files.train, cifarFile{"data_batch_" + batch + ".bin", 10_000})
	}
	train, test, err = files.read(dir, "cifar10", 0)
	if err != nil {
		return nil, nil, err
	}
	train.Augment = CropFlip{Pad: 4, Reflect: true, Flip: true}
	train.Normalize = Normalization{Mean: []float32{0.4914, 0.4822, 0.4465}, Std: []float32{0.2023, 0.1994, 0.2010}}
	test.Normalize = train.Normalize
	return train, test, nil
}

// CIFAR100 reads the 50,000 training ("cifar100-train") and 10,000 test images ("cifar100-test"), [32, 32, 3], in 100
// classes, from the official binary version: train.bin, test.bin and fine_label_names.txt in dir, in its folder
// cifar-100-binary, or in its cifar-100-binary.tar.gz.
//
// Inputs are normalized with means and deviations usual for it; [Batches] of them are cropped from images padded
// by 4 black pixels, and flipped, the recipe of GraNet (Liu et al., NeurIPS 2021).
//
// Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
func CIFAR100(dir string) (train, test *Split, err error) {
	return readCIFAR100(dir, "cifar100", "fine_label_names.txt", 1)
}

// CIFAR100Coarse is [CIFAR100] with the 20 superclasses as classes ("cifar100-coarse-train", "cifar100-coarse-test");
// their names are in coarse_label_names.txt.
func CIFAR100Coarse(dir string) (train, test *Split, err error) {
	return readCIFAR100(dir, "cifar100-coarse", "coarse_label_names.txt", 0)
}

// cifar100Part has the lowest-numbered class of each superclass, in the order of superclasses.
var cifar100Part = []int{4, 1, 54, 9, 0, 22, 5, 6, 3, 12, 23, 15, 34, 26, 2, 27, 36, 47, 8, 41}

// CIFAR100Part returns a fifth of [CIFAR100], for small machines: 10,000 training ("cifar100-20-train") and 2,000 test
// images ("cifar100-20-test") of 20 classes, from each superclass the one of lowest number: beaver, aquarium_fish,
// orchid, bottle, apple, clock, bed, bee, bear, bridge, cloud, camel, fox, crab, baby, crocodile, hamster, maple_tree,
// bicycle and lawn_mower.
func CIFAR100Part(dir string) (train, test Examples, err error) {
	allTrain, allTest, err := CIFAR100(dir)
	if err != nil {
		return nil, nil, err
	}
	if train, err = OfClasses(allTrain, "cifar100-20-train", cifar100Part...); err != nil {
		return nil, nil, err
	}
	test, err = OfClasses(allTest, "cifar100-20-test", cifar100Part...)
	return train, test, err
}

func readCIFAR100(dir, name, names string, label int) (train, test *Split, err error) {
	files := cifarFiles{folder: "cifar-100-binary", archive: "cifar-100-binary.tar.gz", labels: []int{20, 100}, names: names,
		train: []cifarFile{{"train.bin", 50_000}}, test: cifarFile{"test.bin", 10_000}}
	train, test, err = files.read(dir, name, label)
	if err != nil {
		return nil, nil, err
	}
	train.Augment = CropFlip{Pad: 4, Flip: true}
	train.Normalize = Normalization{Mean: []float32{0.5071, 0.4865, 0.4409}, Std: []float32{0.2673, 0.2564, 0.2762}}
	test.Normalize = train.Normalize
	return train, test, nil
}

// CIFARLabels are the numbers of classes of the labels that precede each image of a CIFAR file: {10} for CIFAR-10, {20,
// 100} for CIFAR-100.
type CIFARLabels []int

// ReadCIFAR reads images in CIFAR's binary format: for each image its labels, a byte each, and 1,024 bytes of red, of
// green and of blue, row by row. It returns the pixels as [images, 32, 32, 3] in row-major order, and of each kind of
// label one per image. Errors name the offset and what was expected there.
func ReadCIFAR(r io.Reader, kinds CIFARLabels) (pixels []byte, labels [][]int32, err error) {
	record := make([]byte, len(kinds)+cifarPixels)
	labels = make([][]int32, len(kinds))
	buffered := bufio.NewReaderSize(r, 1<<16)
	for offset := int64(0); ; offset += int64(len(record)) {
		n, err := io.ReadFull(buffered, record)
		if err == io.EOF {
			return pixels, labels, nil
		}
		if err != nil {
			return nil, nil, errors.Wrapf(err, "offset %d: the file ends within an image, want %d more bytes",
				offset+int64(n), len(record)-n)
		}
		for kind, classes := range kinds {
			if int(record[kind]) >= classes {
				return nil, nil, errors.Errorf("offset %d: label is %d, want 0 to %d", offset+int64(kind), record[kind], classes-1)
			}
			labels[kind] = append(labels[kind], int32(record[kind]))
		}
		planes := record[len(kinds):]
		for i := range cifarPlane {
			pixels = append(pixels, planes[i], planes[i+cifarPlane], planes[i+2*cifarPlane])
		}
	}
}

// cifarFiles is how a version of CIFAR comes.
type cifarFiles struct {
	folder, archive string
	labels          CIFARLabels
	train           []cifarFile
	test            cifarFile
	names           string // file with a class name per line
}

type cifarFile struct {
	name   string
	images int
}

// read reads the training and the test images, with the labels of the given kind.
func (f cifarFiles) read(dir, name string, kind int) (train, test *Split, err error) {
	files, images := []string{}, map[string]int{}
	for _, file := range append(f.train, f.test) {
		files, images[file.name] = append(files, file.name), file.images
	}
	pixels, labels := map[string][]byte{}, map[string][]int32{}
	var classNames []string
	err = readNamed(dir, f.folder, f.archive, append(files, f.names), func(file string, r io.Reader) (err error) {
		if file == f.names {
			classNames, err = readNames(r, f.labels[kind])
			return err
		}
		record, want := int64(len(f.labels)+cifarPixels), images[file]
		read, kinds, err := ReadCIFAR(io.LimitReader(r, record*int64(want+1)), f.labels)
		switch n := len(read) / cifarPixels; {
		case err != nil:
			return err
		case n < want:
			return errors.Errorf("offset %d: the file ends after %d images, want %d", record*int64(n), n, want)
		case n > want:
			return errors.Errorf("offset %d: the file goes on after %d images, want no more", record*int64(want), want)
		}
		pixels[file], labels[file] = read, kinds[kind]
		return nil
	})
	if err != nil {
		return nil, nil, errors.WithMessage(err, name)
	}
	info := Info{Shape: []int{cifarSide, cifarSide, 3}, Classes: f.labels[kind], ClassNames: classNames}
	join := func(suffix string, files []string) *Split {
		s := &Split{Info: info, Pixels: pixels[files[0]]}
		s.Name, s.Labels = name+suffix, labels[files[0]]
		for _, file := range files[1:] {
			s.Pixels, s.Labels = append(s.Pixels, pixels[file]...), append(s.Labels, labels[file]...)
		}
		return s
	}
	return join("-train", files[:len(f.train)]), join("-test", files[len(f.train):]), nil
}

// readNames reads the names of classes, one per line; blank lines do not count.
func readNames(r io.Reader, classes int) ([]string, error) {
	const maxBytes = 1 << 16
	text, err := io.ReadAll(io.LimitReader(r, maxBytes))
	if err != nil {
		return nil, errors.WithStack(err)
	}
	names := strings.Fields(string(text))
	if len(names) != classes {
		return nil, errors.Errorf("%d names of classes, want %d, one per line", len(names), classes)
	}
	return names, nil
}
