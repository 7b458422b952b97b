package views

import (
	"bytes"
	"compress/zlib"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// frames are maps of the same size, one for each moment, to be looked at one after the other.
type frames struct {
	rows, columns int
	classes       []string // Of style sheet, by the value of a cell; "" is empty.
	colors        []string // Of the same: a CSS color, or the name of a variable of the style sheet.
	legend        []string // What the values mean; "" for those that the legend leaves out.
	cells         [][]byte // The values of a frame, row-major.
	captions      []string // Of each frame.
	short         []string // Captions for frames side by side.
}

//go:embed frames.html
var framesWidget string

// widget returns the interactive form: a slider and a button that plays.
func (f *frames) widget(label string) (string, error) {
	var packed bytes.Buffer
	writer := zlib.NewWriter(&packed)
	for _, cells := range f.cells {
		if _, err := writer.Write(cells); err != nil {
			return "", fmt.Errorf("views: compressing a map: %w", err)
		}
	}
	if err := writer.Close(); err != nil {
		return "", fmt.Errorf("views: compressing a map: %w", err)
	}
	data, err := json.Marshal(map[string]any{
		"rows": f.rows, "columns": f.columns, "colors": f.colors, "legend": f.legend, "captions": f.captions,
		"zlib": base64.StdEncoding.EncodeToString(packed.Bytes()),
	})
	if err != nil {
		return "", fmt.Errorf("views: %w", err)
	}
	return expand(framesWidget, map[string]string{"LABEL": html.EscapeString(label), "DATA": string(data)}), nil
}

// strip draws some of the frames side by side, the first and the last among them, under their captions.
func (f *frames) strip(most int) *svg.Document {
	const cellsWidth, gap, head = 222., 18., 24.
	count := min(most, len(f.cells))
	perRow := min(3, count)
	height := min(cellsWidth*float64(f.rows)/float64(f.columns), 2*cellsWidth)
	rows := (count + perRow - 1) / perRow
	legend := f.legendRow()
	d := svg.New(gap+float64(max(perRow, 3))*(cellsWidth+gap), float64(rows)*(height+head+gap)+legend.Height)
	for i := range count {
		at := 0
		if count > 1 {
			at = i * (len(f.cells) - 1) / (count - 1)
		}
		x, y := gap+float64(i%perRow)*(cellsWidth+gap), float64(i/perRow)*(height+head+gap)
		d.Text("head", x, y+head-8, svg.Start, f.short[at])
		d.Grid(x, y+head, cellsWidth, height, f.rows, f.columns, func(r, c int) string { return f.classes[f.cells[at][r*f.columns+c]] })
	}
	d.Translate(gap, float64(rows)*(height+head+gap), legend)
	return d
}

// legendRow draws what the values mean.
func (f *frames) legendRow() *svg.Document {
	d := svg.New(720, 24)
	x := 0.
	for value, text := range f.legend {
		if text == "" {
			continue
		}
		class := f.classes[value]
		if class == "" {
			class = "empty"
		}
		d.Rect(class, x, 4, 12, 12, "")
		d.Text("", x+18, 14, svg.Start, text)
		x += 36 + 6.6*float64(len([]rune(text)))
	}
	return d
}
