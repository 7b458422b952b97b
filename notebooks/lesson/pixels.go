package lesson

import (
	"fmt"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/notebooks/show"
)

// side is the side of the digits' images, in pixels.
const side = 8

// Digits shows the first n images of a split of the digits, with their labels.
func Digits(split *datasets.Split, n int) string {
	var images []string
	for i := range min(n, split.Len()) {
		values := make([]float64, side*side)
		for p, value := range split.Image(i) {
			values[p] = 16 * float64(value)
		}
		images = append(images, show.Matrix{Title: fmt.Sprintf("a %d", split.Labels[i]), Columns: side, Values: values,
			Format: "%.0f", Heat: true}.HTML())
	}
	return show.Row(images...)
}

// InputMap shows how many weights leave each pixel, of the mask of the weights that read the pixels ([Input]).
func InputMap(title string, mask []bool) string {
	hidden := len(mask) / (side * side)
	degrees := make([]float64, side*side)
	for i, active := range mask {
		if active {
			degrees[i/hidden]++
		}
	}
	return show.Matrix{Title: title, Columns: side, Values: degrees, Format: "%.0f", Heat: true}.HTML()
}
