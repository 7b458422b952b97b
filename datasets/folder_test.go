package datasets_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

// halves returns an image whose left half is of one color and whose right half is of another.
func halves(width, height int, left, right color.Color) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			if x < width/2 {
				m.Set(x, y, left)
			} else {
				m.Set(x, y, right)
			}
		}
	}
	return m
}

func asPNG(t testing.TB, m image.Image) []byte {
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, m))
	return file.Bytes()
}

func asJPEG(t testing.TB, m image.Image) []byte {
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, m, &jpeg.Options{Quality: 95}))
	return file.Bytes()
}

var (
	red  = color.RGBA{255, 0, 0, 255}
	blue = color.RGBA{0, 0, 255, 255}
)

// someFolder returns a folder of 2 classes, of 3 and 9 images, and files that are none.
func someFolder(t testing.TB) string {
	files := map[string][]byte{
		"train/ant/b.PNG": asPNG(t, halves(40, 20, red, blue)), "train/ant/a.jpg": asJPEG(t, halves(30, 50, red, red)),
		"train/ant/c.JPEG": asJPEG(t, image.NewGray(image.Rect(0, 0, 9, 9))), "train/ant/notes.txt": nil, "train/readme.jpg": nil,
	}
	for i := range 9 {
		files[fmt.Sprintf("train/bee/%d.png", i)] = asPNG(t, halves(20+i, 30-i, color.RGBA{uint8(20 * i), 9, 0, 255}, blue))
	}
	return filepath.Join(write(t, files), "train")
}

func TestOpenFolder(t *testing.T) {
	f, err := datasets.OpenFolder(someFolder(t), "some")
	require.NoError(t, err)
	require.NoError(t, f.Validate())
	require.Equal(t, []string{"ant", "bee"}, f.ClassNames)
	require.Equal(t, []int32{0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1}, f.Labels)
	require.Equal(t, []string{"ant/a.jpg", "ant/b.PNG", "ant/c.JPEG", "bee/0.png"}, f.Files[:4])
	require.Equal(t, []int{224, 224, 3}, f.Shape)

	f.SetCrop(datasets.Crop{Side: 8, Resize: 10, MinArea: 0.2})
	f.Normalize = datasets.Normalization{}
	x, err := f.Inputs([]int{1, 0}, nil)
	require.NoError(t, err)
	require.Equal(t, []int{2, 8, 8, 3}, x.Shape().Dimensions)
	flat := tensors.MustCopyFlatData[float32](x)
	require.Equal(t, []float32{1, 0, 0}, flat[:3], "the left half")
	require.Equal(t, []float32{0, 0, 1}, flat[7*3:8*3], "the right half")
	require.InDeltaSlice(t, []float32{1, 0, 0}, flat[8*8*3:][:3], 0.02)
}

// What comes out depends on positions and draws alone, and not on goroutines.
func TestFolderIsDeterministic(t *testing.T) {
	f, err := datasets.OpenFolder(someFolder(t), "some")
	require.NoError(t, err)
	f.SetCrop(datasets.Crop{Side: 16, Resize: 20, MinArea: 0.08})
	batches, err := datasets.NewBatches(f, 5, 1)
	require.NoError(t, err)
	var all [][]float32
	for _, workers := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(workers)
		var values []float32
		for step := range 4 {
			batch, err := batches.At(step)
			require.NoError(t, err)
			values = append(values, tensors.MustCopyFlatData[float32](batch.Inputs[0])...)
		}
		runtime.GOMAXPROCS(before)
		all = append(all, values)
	}
	require.Equal(t, all[0], all[1])
	require.Equal(t, all[0], all[2])
}

func TestFolderErrors(t *testing.T) {
	dir := someFolder(t)
	open := func() *datasets.Folder {
		f, err := datasets.OpenFolder(dir, "some")
		require.NoError(t, err)
		return f
	}
	whole, err := os.ReadFile(filepath.Join(dir, "bee/3.png"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bee/3.png"), whole[:len(whole)/2], 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bee/5.png"), []byte("no image"), 0o644))
	batches, err := datasets.NewEvaluation(open(), 12)
	require.NoError(t, err)
	for _, err := range batches.Iter() {
		require.ErrorContains(t, err, "bee/3.png: the png image of 23 by 27 is truncated", "the first of both")
	}
	_, err = open().Inputs([]int{8}, nil)
	require.ErrorContains(t, err, "bee/5.png: offset 8: want a JPEG or PNG image")
	require.NoError(t, os.Remove(filepath.Join(dir, "bee/5.png")))
	gone := open()
	gone.Files[0] = "ant/gone.jpg"
	_, err = gone.Inputs([]int{0}, nil)
	require.ErrorIs(t, err, os.ErrNotExist)

	for want, spoil := range map[string]func(f *datasets.Folder){
		"labels and 1 files":   func(f *datasets.Folder) { f.Files = f.Files[:1] },
		"see SetCrop":          func(f *datasets.Folder) { f.Crop.Side = 7 },
		"crop is":              func(f *datasets.Folder) { f.SetCrop(datasets.Crop{Side: 9, Resize: 8, MinArea: 1}) },
		"1 means":              func(f *datasets.Folder) { f.Normalize.Mean = f.Normalize.Mean[:1] },
		"the name needs":       func(f *datasets.Folder) { f.Name = "" },
		"a least area in (0, ": func(f *datasets.Folder) { f.Crop.MinArea = 2 },
	} {
		f := open()
		spoil(f)
		_, err := datasets.NewBatches(f, 1, 0)
		require.ErrorContains(t, err, want)
	}
	_, err = datasets.OpenFolder(t.TempDir(), "some")
	require.ErrorContains(t, err, "no class folders with")
	_, err = datasets.OpenFolder(filepath.Join(dir, "none"), "some")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestImageNet(t *testing.T) {
	pixel := asPNG(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	files := map[string][]byte{"train/a/1.png": pixel, "train/b/1.png": pixel, "val/a/1.png": pixel, "val/b/2.png": pixel}
	set, err := datasets.Open("imagenet", write(t, files))
	require.NoError(t, err)
	require.Equal(t, 2, set.Train.About().Len())
	x, err := set.Test.Inputs([]int{1}, nil)
	require.NoError(t, err)
	require.InDelta(t, -0.485/0.229, tensors.MustCopyFlatData[float32](x)[0], 1e-6)
	files["val/c/1.png"] = pixel
	_, err = datasets.Open("imagenet", write(t, files))
	require.ErrorContains(t, err, "the 2 class folders in train are not the 3 in val")
}
