package datasets

import (
	"bytes"
	"image"
	"image/color"
	_ "image/jpeg" // decodes JPEG
	_ "image/png"  // decodes PNG
	"io"
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
	xdraw "golang.org/x/image/draw"
)

// Crop says how images of any size are brought to one.
type Crop struct {
	Side   int // height and width of the result
	Resize int // without a draw: the shorter side of the whole image, of which Side × Side are cut out of the middle

	// With a draw: the least share of the image's area that is cut out, in (0, 1]; up to all of it, with an aspect ratio
	// between 3/4 and 4/3.
	MinArea float64
}

// ImageNetCrop is as usual for ImageNet: 224 out of 256 for evaluation, and for training parts of at least 8% of the area
// (Szegedy et al., Going Deeper with Convolutions, CVPR 2015, section 6).
var ImageNetCrop = Crop{Side: 224, Resize: 256, MinArea: 0.08}

// maxImagePixels is the most that is decoded: 0.5 GB at 4 bytes a pixel.
const maxImagePixels = 1 << 27

// cropAttempts is how many random parts are tried until one fits into the image.
const cropAttempts = 10

func (c Crop) check() error {
	if c.Side < 1 || c.Resize < c.Side || !(c.MinArea > 0 && c.MinArea <= 1) {
		return errors.Errorf("crop is %+v, want a side of at least 1, no larger than the resize, and a least area in (0, 1]", c)
	}
	return nil
}

// Decode decodes a JPEG or PNG image and brings it to Side × Side pixels: with a draw a random part of it, flipped one
// time in two, else its middle. It interpolates linearly, over as many pixels as fall on one when it makes an image
// smaller. Transparent pixels are laid on black; gray images have three equal channels.
func (c Crop) Decode(r io.Reader, draw *uint32) (*image.RGBA, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var head bytes.Buffer
	config, format, err := image.DecodeConfig(io.TeeReader(r, &head))
	if err != nil {
		return nil, errors.Wrapf(err, "offset %d: want a JPEG or PNG image", head.Len())
	}
	if min(config.Width, config.Height) < 1 || config.Width > maxImagePixels/config.Height {
		return nil, errors.Errorf("the %s image is %d by %d, want 1 to %d pixels", format, config.Width, config.Height, maxImagePixels)
	}
	whole, _, err := image.Decode(io.MultiReader(&head, r))
	if err != nil {
		return nil, errors.Wrapf(err, "the %s image of %d by %d is truncated or altered", format, config.Width, config.Height)
	}
	part, flip := c.middle(whole.Bounds()), false
	if draw != nil {
		part, flip = c.random(whole.Bounds(), *draw)
	}
	cut := scaled(whole, part, c.Side)
	if flip {
		mirror(cut)
	}
	return cut, nil
}

// middle returns the part that is Side × Side in the middle when the image's shorter side is Resize.
func (c Crop) middle(bounds image.Rectangle) image.Rectangle {
	shorter := min(bounds.Dx(), bounds.Dy())
	side := max(1, int(math.Round(float64(shorter)*float64(c.Side)/float64(c.Resize))))
	at := image.Pt(bounds.Min.X+(bounds.Dx()-side)/2, bounds.Min.Y+(bounds.Dy()-side)/2)
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}
}

// random returns the part and whether to flip it. If no part of the area and ratio drawn fits, as in images that are very
// long or wide, it is the largest square in the middle.
func (c Crop) random(bounds image.Rectangle, draw uint32) (part image.Rectangle, flip bool) {
	source := rand.New(rand.NewPCG(uint64(draw), 0))
	flip = source.IntN(2) == 1
	area := float64(bounds.Dx()) * float64(bounds.Dy())
	for range cropAttempts {
		size := area * (c.MinArea + (1-c.MinArea)*source.Float64())
		ratio := math.Exp((2*source.Float64() - 1) * math.Log(4./3))
		width, height := int(math.Round(math.Sqrt(size*ratio))), int(math.Round(math.Sqrt(size/ratio)))
		if min(width, height) < 1 || width > bounds.Dx() || height > bounds.Dy() {
			continue
		}
		at := bounds.Min.Add(image.Pt(source.IntN(bounds.Dx()-width+1), source.IntN(bounds.Dy()-height+1)))
		return image.Rectangle{Min: at, Max: at.Add(image.Pt(width, height))}, flip
	}
	return Crop{Side: 1, Resize: 1}.middle(bounds), flip
}

// scaled returns the part of the image as side × side pixels, opaque.
func scaled(whole image.Image, part image.Rectangle, side int) *image.RGBA {
	cut := image.NewRGBA(image.Rect(0, 0, side, side))
	xdraw.Draw(cut, cut.Bounds(), image.NewUniform(color.Black), image.Point{}, xdraw.Src)
	xdraw.BiLinear.Scale(cut, cut.Bounds(), whole, part, xdraw.Over, nil)
	return cut
}

// mirror swaps left and right.
func mirror(m *image.RGBA) {
	for y := range m.Rect.Dy() {
		row := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
		for left, right := 0, len(row)-4; left < right; left, right = left+4, right-4 {
			a, b := row[left:left+4], row[right:right+4]
			for c := range a {
				a[c], b[c] = b[c], a[c]
			}
		}
	}
}
