package svg

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// Document is an SVG element that is being drawn. Coordinates are pixels, from the upper left corner.
type Document struct {
	Width, Height float64

	body strings.Builder
}

// New returns an empty document.
func New(width, height float64) *Document { return &Document{Width: width, Height: height} }

// String returns the svg element. title says in a line what to see, description what the picture shows, for those who
// cannot see it. id must be unique in the page. style is the style sheet, "" if the page has it.
func (d *Document) String(id, title, description, style string) string {
	if style != "" {
		style = "<style>" + style + "</style>"
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="sk" role="img" aria-labelledby="%[1]s-t %[1]s-d" `+
		`viewBox="0 0 %[2]s %[3]s" width="%[2]s" height="%[3]s">`+
		`<title id="%[1]s-t">%[4]s</title><desc id="%[1]s-d">%[5]s</desc>%[6]s%[7]s</svg>`,
		id, Number(d.Width), Number(d.Height), html.EscapeString(title), html.EscapeString(description), style, d.body.String())
}

// Fragment returns what was drawn so far, without the svg element around it.
func (d *Document) Fragment() string { return d.body.String() }

// Rect draws a rectangle of a class; hint is shown when the pointer rests on it, unless it is empty.
func (d *Document) Rect(class string, x, y, width, height float64, hint string) {
	d.element("rect", class, hint, fmt.Sprintf(`x="%s" y="%s" width="%s" height="%s"`,
		Number(x), Number(y), Number(width), Number(height)))
}

// Circle draws a dot.
func (d *Document) Circle(class string, x, y, radius float64, hint string) {
	d.element("circle", class, hint, fmt.Sprintf(`cx="%s" cy="%s" r="%s"`, Number(x), Number(y), Number(radius)))
}

// Line draws a straight line.
func (d *Document) Line(class string, x1, y1, x2, y2 float64) {
	d.element("line", class, "", fmt.Sprintf(`x1="%s" y1="%s" x2="%s" y2="%s"`, Number(x1), Number(y1), Number(x2), Number(y2)))
}

// Path draws a path given by its data.
func (d *Document) Path(class, data, hint string) {
	d.element("path", class, hint, fmt.Sprintf(`d="%s"`, data))
}

// Polyline draws a line through the points; where one is not finite it is broken.
func (d *Document) Polyline(class string, x, y []float64, hint string) {
	var data strings.Builder
	pen := "M"
	for i := range x {
		if !finite(x[i]) || !finite(y[i]) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&data, "%s%s %s", pen, Number(x[i]), Number(y[i]))
		pen = "L"
	}
	if data.Len() > 0 {
		d.Path(class, data.String(), hint)
	}
}

// Anchor is which part of a text lies at its position.
type Anchor string

// The anchors.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Text writes a line of text, whose baseline is at y.
func (d *Document) Text(class string, x, y float64, anchor Anchor, text string) {
	fmt.Fprintf(&d.body, `<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`,
		class, Number(x), Number(y), anchor, html.EscapeString(text))
}

// VerticalText writes a line of text upwards.
func (d *Document) VerticalText(class string, x, y float64, text string) {
	fmt.Fprintf(&d.body, `<text class="%s" transform="translate(%s %s) rotate(-90)" text-anchor="middle">%s</text>`,
		class, Number(x), Number(y), html.EscapeString(text))
}

func (d *Document) element(name, class, hint, attributes string) {
	if hint == "" {
		fmt.Fprintf(&d.body, `<%s class="%s" %s/>`, name, class, attributes)
		return
	}
	fmt.Fprintf(&d.body, `<%[1]s class="%[2]s" %[3]s><title>%[4]s</title></%[1]s>`, name, class, attributes, html.EscapeString(hint))
}

// Number formats a coordinate: at most two decimals, no trailing zeros.
func Number(x float64) string { return string(appendNumber(make([]byte, 0, 16), x)) }

// appendNumber appends a coordinate. Maps have tens of thousands of them, so it goes by whole numbers.
func appendNumber(to []byte, x float64) []byte {
	hundredths := int64(math.Round(x * 100))
	if hundredths < 0 {
		to, hundredths = append(to, '-'), -hundredths
	}
	to = strconv.AppendInt(to, hundredths/100, 10)
	switch rest := hundredths % 100; {
	case rest%10 > 0:
		to = append(to, '.', byte('0'+rest/10), byte('0'+rest%10))
	case rest > 0:
		to = append(to, '.', byte('0'+rest/10))
	}
	return to
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Translate draws another document with its upper left corner at x, y.
func (d *Document) Translate(x, y float64, other *Document) {
	fmt.Fprintf(&d.body, `<g transform="translate(%s %s)">%s</g>`, Number(x), Number(y), other.Fragment())
}
