package datasets

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/pkg/errors"
)

// Folder is a set of labelled images on disk in ImageNet's layout: one folder per class, JPEG and PNG files in it. Images
// are decoded when they are asked for, on as many goroutines as there are CPUs, each of which holds one image at a time:
// beside the batch, memory is that of so many decoded images. What comes out does not depend on the goroutines.
//
// Inputs are float32 [batch, Side, Side, 3], in [0, 1] and normalized. Without draws an image is resized until its
// shorter side is Resize, and cut out of the middle; with draws, as those of [Batches], it is a part of random size and
// place, resized, and flipped one time in two.
type Folder struct {
	Info
	Dir       string
	Files     []string // relative to Dir, one per label
	Crop      Crop
	Normalize Normalization
}

// OpenFolder lists the images in dir, in the order of class names and then of file names, under the given name. The
// classes are the folders in dir, in alphabetical order; files that are neither .jpg, .jpeg nor .png are left out. It does
// not open the images. Crop and Normalize are as usual for ImageNet ([ImageNetCrop], and [ImageNet]'s means).
func OpenFolder(dir, name string) (*Folder, error) {
	classes, err := os.ReadDir(dir)
	if err != nil {
		return nil, errors.Wrapf(err, "image folder %q", name)
	}
	f := &Folder{Info: Info{Name: name}, Dir: dir}
	for _, class := range classes {
		if info, err := os.Stat(filepath.Join(dir, class.Name())); err != nil || !info.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(dir, class.Name()))
		if err != nil {
			return nil, errors.Wrapf(err, "image folder %q", name)
		}
		for _, file := range files {
			if slices.Contains([]string{".jpg", ".jpeg", ".png"}, strings.ToLower(filepath.Ext(file.Name()))) {
				f.Files = append(f.Files, filepath.Join(class.Name(), file.Name()))
				f.Labels = append(f.Labels, int32(len(f.ClassNames)))
			}
		}
		f.ClassNames = append(f.ClassNames, class.Name())
	}
	f.Classes = len(f.ClassNames)
	if f.Len() == 0 {
		return nil, errors.Errorf("image folder %q: %s has no class folders with .jpg, .jpeg or .png files in them", name, dir)
	}
	f.SetCrop(ImageNetCrop)
	f.Normalize = Normalization{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}}
	return f, nil
}

// SetCrop sets how images are brought to one size, and the shape of inputs.
func (f *Folder) SetCrop(crop Crop) {
	f.Crop, f.Shape = crop, []int{crop.Side, crop.Side, 3}
}

// ImageNet opens the folders train ("imagenet-train") and val ("imagenet-val") in dir, which have a folder per class: 1,000
// of them in the ImageNet 2012 challenge (Russakovsky et al., IJCV 2015), whose validation images must have been sorted
// into class folders. Both must have the same classes.
func ImageNet(dir string) (train, val *Folder, err error) {
	if train, err = OpenFolder(filepath.Join(dir, "train"), "imagenet-train"); err != nil {
		return nil, nil, err
	}
	if val, err = OpenFolder(filepath.Join(dir, "val"), "imagenet-val"); err != nil {
		return nil, nil, err
	}
	if !slices.Equal(train.ClassNames, val.ClassNames) {
		return nil, nil, errors.Errorf("%s: the %d class folders in train are not the %d in val", dir, train.Classes, val.Classes)
	}
	return train, val, nil
}

// Validate returns an error that says which field does not fit, or nil. It does not open the images.
func (f *Folder) Validate() error {
	if err := f.Info.Validate(); err != nil {
		return err
	}
	if len(f.Files) != f.Len() {
		return errors.Errorf("image folder %q has %d labels and %d files", f.Name, f.Len(), len(f.Files))
	}
	if !slices.Equal(f.Shape, []int{f.Crop.Side, f.Crop.Side, 3}) {
		return errors.Errorf("image folder %q: the shape of inputs is %d, want that of the crop: see SetCrop", f.Name, f.Shape)
	}
	if err := f.Crop.check(); err != nil {
		return errors.WithMessagef(err, "image folder %q", f.Name)
	}
	return errors.WithMessagef(f.Normalize.check(3), "image folder %q", f.Name)
}

// Inputs implements [Examples]. A file that cannot be decoded is an error that names it; of several, the first's.
func (f *Folder) Inputs(positions []int, draws []uint32) (*tensors.Tensor, error) {
	images := tensors.FromScalarAndDimensions(float32(0), append([]int{len(positions)}, f.Shape...)...)
	failures := make([]error, len(positions))
	tensors.MustMutableFlatData(images, func(flat []float32) {
		var next atomic.Int64
		var workers sync.WaitGroup
		for range min(runtime.GOMAXPROCS(0), len(positions)) {
			workers.Go(func() {
				for k := int(next.Add(1)) - 1; k < len(positions); k = int(next.Add(1)) - 1 {
					var draw *uint32
					if draws != nil {
						draw = &draws[k]
					}
					failures[k] = f.read(flat[k*f.Size():(k+1)*f.Size()], positions[k], draw)
				}
			})
		}
		workers.Wait()
	})
	for _, err := range failures {
		if err != nil {
			images.MustFinalizeAll()
			return nil, err
		}
	}
	return images, nil
}

// read decodes the image at the position, cuts it and writes its values.
func (f *Folder) read(to []float32, position int, draw *uint32) error {
	path := filepath.Join(f.Dir, f.Files[position])
	file, err := os.Open(path)
	if err != nil {
		return errors.WithStack(err)
	}
	defer file.Close()
	cut, err := f.Crop.Decode(file, draw)
	if err != nil {
		return errors.WithMessage(err, path)
	}
	for i := range f.Crop.Side * f.Crop.Side {
		for c := range 3 {
			to[3*i+c] = f.Normalize.of(float32(cut.Pix[4*i+c])/255, c)
		}
	}
	return nil
}
