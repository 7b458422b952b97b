package views

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// frames are maps of the same size, one for each moment, to be looked at one after the other.
type frames struct {
	rows, columns int
	classes       []string // Of style sheet, by the value of a cell; "" is empty.
	colors        []string // Of the same: names of variables of the style sheet.
	legend        []string // What the values mean; "" for those that the legend leaves out.
	cells         [][]byte // The values of a frame, row-major.
	captions      []string // Of each frame.
	short         []string // Captions for frames side by side.
}

// widget returns the interactive form: a slider and a button that plays. label is what the slider chooses, start the frame
// that it begins with.
func (f *frames) widget(label string, start int) (*widget, error) {
	var packed bytes.Buffer
	writer := zlib.NewWriter(&packed)
	for _, cells := range f.cells {
		if _, err := writer.Write(cells); err != nil {
			return nil, fmt.Errorf("views: compressing a map: %w", err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("views: compressing a map: %w", err)
	}
	return newWidget("frames", map[string]any{
		"label": label, "start": start, "rows": f.rows, "columns": f.columns,
		"colors": f.colors, "legend": f.legend, "captions": f.captions,
		"zlib": base64.StdEncoding.EncodeToString(packed.Bytes()),
	})
}

// strip draws some of the frames side by side, the first and the last among them, under their captions.
func (f *frames) strip(most int) *svg.Document {
	const cellsWidth, gap = 216., 18.
	count := min(most, len(f.cells))
	perRow := min(3, count)
	height := cellsWidth * f.aspect()
	rows := (count + perRow - 1) / perRow
	legend := f.legendRow()
	d := svg.New(gap+float64(max(perRow, 3))*(cellsWidth+gap), float64(rows)*(height+mapHead+gap)+legend.Height)
	for i := range count {
		at := 0
		if count > 1 {
			at = i * (len(f.cells) - 1) / (count - 1)
		}
		x, y := gap+float64(i%perRow)*(cellsWidth+gap), float64(i/perRow)*(height+mapHead+gap)
		f.draw(d, x, y, cellsWidth, height, at)
	}
	d.Translate(gap, float64(rows)*(height+mapHead+gap), legend)
	return d
}

// aspect is the height of a map per its width. Maps much higher than wide are made shorter.
func (f *frames) aspect() float64 { return float64(min(f.rows, 2*f.columns)) / float64(f.columns) }

// mapHead is the height of the caption above a map.
const mapHead = 24

// draw draws a map under its caption, as large as it fits into a rectangle of the given size below.
func (f *frames) draw(d *svg.Document, x, y, width, height float64, at int) {
	aspect := f.aspect()
	width = min(width, height/aspect)
	height = width * aspect
	d.Text("head", x, y+mapHead-8, svg.Start, f.short[at])
	d.Grid(x, y+mapHead, width, height, f.rows, f.columns, func(r, c int) string {
		return f.classes[f.cells[at][r*f.columns+c]]
	})
}

// legendRow draws what the values mean, in as many rows as it takes.
func (f *frames) legendRow() *svg.Document {
	const width, row = 688., 18.
	d := svg.New(720, 24)
	x, y := 0., 0.
	for value, text := range f.legend {
		if text == "" {
			continue
		}
		class := f.classes[value]
		if class == "" {
			class = "empty"
		}
		need := 36 + 6.6*float64(len([]rune(text)))
		if x > 0 && x+need-18 > width {
			x, y = 0, y+row
		}
		d.Rect(class, x, y+4, 12, 12, "")
		d.Text("", x+18, y+14, svg.Start, text)
		x += need
	}
	d.Height += y
	return d
}
