package views

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/trace"
)

// InputMap shows through the rounds how many active weights leave each input of the first sparse layer, on the image that
// the inputs are the pixels of: where the network looks. For a layer that is no matrix it says that there are none.
//
// image is the image's rows, columns and, optionally, channels, which are last in the input and are added up. Without it
// the image is taken to be square, with one channel or three.
func InputMap(r *Run, image ...int) (*Figure, error) {
	const title = "Where the network looks: weights that leave each input pixel"
	layer, err := r.layer("")
	if err != nil {
		return nil, err
	}
	if layer == nil {
		return message(title, noMasks), nil
	}
	if len(layer.Shape) != 2 {
		return message(title, fmt.Sprintf("The inputs of %s are channels, not pixels: its shape is %v.", layer.Path, layer.Shape)), nil
	}
	rows, columns, channels := imageShape(layer.Shape[0], image)
	if min(rows, columns, channels) < 1 || rows*columns*channels != layer.Shape[0] {
		if len(image) > 0 {
			return nil, fmt.Errorf("views: an image of shape %v does not have the %d inputs of %s", image, layer.Shape[0], layer.Path)
		}
		return message(title, fmt.Sprintf("The %d inputs of %s are no square image; give its shape.", layer.Shape[0], layer.Path)), nil
	}
	var degrees [][]float64
	err = r.eachMove(layer.Path, func(_ *trace.Update, _ *trace.Layer, moved trace.Transition) {
		pixels := make([]float64, rows*columns)
		for i, active := range moved.After {
			if active {
				pixels[i/layer.Shape[1]/channels]++
			}
		}
		degrees = append(degrees, pixels)
	})
	if err != nil {
		return nil, err
	}
	colors := evenHeat(degrees)
	f := colors.frames(rows, columns, "no weight", " weights")
	for i, u := range r.Applied() {
		f.cells = append(f.cells, colors.cells(degrees[i]))
		f.short = append(f.short, fmt.Sprintf("after step %d", u.Step))
		f.captions = append(f.captions, inputCaption(u, degrees[i]))
	}
	widget, err := f.widget("round of mask updates", len(f.cells)-1)
	if err != nil {
		return nil, err
	}
	last := len(degrees) - 1
	return &Figure{Title: title, Topic: "Input map", picture: f.strip(6), widget: widget,
		Alt: fmt.Sprintf("Maps of %d × %d pixels, colored by how many active weights of %s leave each. First, %s. Last, %s.",
			rows, columns, layer.Path, f.captions[0], f.captions[last])}, nil
}

// imageShape completes the shape of an image of so many inputs.
func imageShape(inputs int, image []int) (rows, columns, channels int) {
	switch len(image) {
	case 2:
		return image[0], image[1], 1
	case 3:
		return image[0], image[1], image[2]
	case 0:
		for _, channels := range []int{1, 3} {
			if side := int(math.Sqrt(float64(inputs / channels))); side > 1 && side*side*channels == inputs {
				return side, side, channels
			}
		}
	}
	return 0, 0, 0
}

func inputCaption(u *trace.Update, pixels []float64) string {
	sum, none := 0., 0
	for _, degree := range pixels {
		if sum += degree; degree == 0 {
			none++
		}
	}
	return fmt.Sprintf("round %d, step %d: %.1f weights a pixel, at most %.0f, %d pixels without any",
		u.Round, u.Step, sum/float64(len(pixels)), slices.Max(pixels), none)
}
