package datasets_test

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

// position returns an image whose red is the column and whose green is the row, times 4.
func position(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetRGBA(x, y, color.RGBA{uint8(4 * x), uint8(4 * y), 0, 255})
		}
	}
	return m
}

func TestCropMiddle(t *testing.T) {
	for _, size := range []image.Point{{60, 40}, {40, 60}, {40, 40}, {61, 41}} {
		m := position(size.X, size.Y)
		cut, err := datasets.Crop{Side: 30, Resize: 40, MinArea: 1}.Decode(bytes.NewReader(asPNG(t, m)), nil)
		require.NoError(t, err)
		require.Equal(t, image.Rect(0, 0, 30, 30), cut.Bounds())
		// Center stays center, and the scale is 1, or near it.
		middle := cut.RGBAAt(15, 15)
		require.InDelta(t, 2*size.X, int(middle.R), 4)
		require.InDelta(t, 2*size.Y, int(middle.G), 4)
		require.InDelta(t, 29*4, int(cut.RGBAAt(29, 0).R)-int(cut.RGBAAt(0, 0).R), 6)
	}
}

// Random parts lie within the image, are as large and as oblong as they may be, and are flipped one time in two.
func TestCropRandom(t *testing.T) {
	file := asPNG(t, position(60, 50))
	crop := datasets.Crop{Side: 32, Resize: 40, MinArea: 0.25}
	flips, smallest, largest := 0, 1.0, 0.0
	const n = 400
	for i := range uint32(n) {
		draw := i * 2654435761
		cut, err := crop.Decode(bytes.NewReader(file), &draw)
		require.NoError(t, err)
		first, last := cut.RGBAAt(0, 0), cut.RGBAAt(31, 31)
		width, height := float64(last.R)-float64(first.R), float64(last.G)-float64(first.G)
		if width < 0 {
			flips++
			width = -width
		}
		require.Positive(t, height)
		width, height = width*32/31/4, height*32/31/4
		share := width * height / (60 * 50)
		smallest, largest = min(smallest, share), max(largest, share)
		require.InDelta(t, 1, width/height, 0.45)

		again, err := crop.Decode(bytes.NewReader(file), &draw)
		require.NoError(t, err)
		require.Equal(t, cut, again)
	}
	require.InDelta(t, n/2, flips, 60)
	require.InDelta(t, 0.25, smallest, 0.05)
	require.InDelta(t, 1, largest, 0.1)
}

func TestCropOddImages(t *testing.T) {
	draw := uint32(1)
	crop := datasets.Crop{Side: 4, Resize: 5, MinArea: 0.08}
	for _, size := range []image.Point{{1, 1}, {1, 300}, {300, 1}, {2, 3}} {
		for _, d := range []*uint32{nil, &draw} {
			cut, err := crop.Decode(bytes.NewReader(asPNG(t, halves(size.X, size.Y, red, red))), d)
			require.NoError(t, err)
			for y := range 4 {
				for x := range 4 {
					require.Equal(t, red, cut.RGBAAt(x, y), "%v", size)
				}
			}
		}
	}
	// Transparent images are black.
	cut, err := crop.Decode(bytes.NewReader(asPNG(t, image.NewRGBA(image.Rect(0, 0, 9, 9)))), nil)
	require.NoError(t, err)
	require.Equal(t, color.RGBA{0, 0, 0, 255}, cut.RGBAAt(2, 2))
}

// A few bytes may say that they are an image of any size.
func TestCropHugeImage(t *testing.T) {
	file := asPNG(t, position(1, 1))
	copy(file[16:], []byte{0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF})
	_, err := datasets.ImageNetCrop.Decode(bytes.NewReader(file), nil)
	require.Error(t, err)
	_, err = datasets.Crop{}.Decode(bytes.NewReader(file), nil)
	require.ErrorContains(t, err, "crop is")
}

func FuzzCrop(f *testing.F) {
	f.Add(asPNG(f, position(5, 4)), uint32(1))
	f.Add(asJPEG(f, position(9, 8)), uint32(2))
	f.Add(asJPEG(f, position(9, 8))[:200], uint32(3))
	f.Fuzz(func(t *testing.T, file []byte, draw uint32) {
		if config, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil && config.Width*config.Height > 1<<20 {
			t.Skip("large images are allowed, and slow")
		}
		for _, d := range []*uint32{nil, &draw} {
			cut, err := datasets.Crop{Side: 3, Resize: 4, MinArea: 0.08}.Decode(bytes.NewReader(file), d)
			if err == nil {
				require.Equal(t, image.Rect(0, 0, 3, 3), cut.Bounds())
			}
		}
	})
}
