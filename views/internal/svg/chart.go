package svg

import (
	"fmt"
	"math"
	"strings"
)

// Axis is how an axis of a [Chart] is drawn.
type Axis struct {
	Label       string // With the unit.
	Logarithmic bool
	Zero        bool     // Whether 0 has a place on a logarithmic axis: at its beginning, a decade below the least number.
	Low, High   *float64 // Where the axis begins and ends; by default with the data.
	Percent     bool     // Whether the numbers are shares in [0, 1], to be labelled in percent.
}

// Look is how a series is drawn.
type Look int

// The looks.
const (
	Lines Look = iota // A line through the points.
	Steps             // A line that changes at the points only.
	Dots
	Bars // From 0 to the points, as wide as they are apart.
)

// Data is a series of points.
type Data struct {
	Name         string // For the legend; empty for none.
	X, Y         []float64
	Lower, Upper []float64 // A band around the line, nil for none.
	Look         Look
	Color        int     // From 0 to [Series]-1.
	Radius       float64 // Of dots, default 2.5.
}

// Chart is a plot of series over two axes.
type Chart struct {
	X, Y  Axis
	Data  []Data
	Ticks []float64 // Small marks on the x axis, such as the steps of mask updates.
}

// Room that a chart takes for labels, in pixels.
const (
	left, right, top, bottom = 62, 16, 10, 42
	legendRow                = 18
	letter                   = 6.6 // Width of a letter, about.
)

// Draw draws the chart with its labels and legend in a rectangle of the document, and returns the scales of its axes.
func (c *Chart) Draw(d *Document, x, y, width, height float64) (xScale, yScale Scale) {
	rows := c.legend(d, x+left, y+top, width-left-right)
	plotTop := y + top + float64(rows)*legendRow
	plotBottom, plotRight := y+height-bottom, x+width-right
	var xs, ys [][]float64
	for _, data := range c.Data {
		xs, ys = append(xs, data.X), append(ys, data.Y, data.Lower, data.Upper)
		if data.Look == Bars {
			ys = append(ys, []float64{0})
			half := barWidth(data.X) / 2
			if n := len(data.X); n > 0 {
				xs = append(xs, []float64{data.X[0] - half, data.X[n-1] + half})
			}
		}
	}
	xScale = c.X.scale(x+left, plotRight, xs)
	yScale = c.Y.scale(plotBottom, plotTop, ys)
	c.Y.vertical(d, yScale, x, x+left, plotRight)
	c.X.horizontal(d, xScale, plotTop, plotBottom)
	for _, at := range c.Ticks {
		if px := xScale.At(at); px >= x+left-1e-6 && px <= plotRight+1e-6 {
			d.Line("axis", px, plotBottom, px, plotBottom-5)
		}
	}
	for _, data := range c.Data {
		data.draw(d, xScale, yScale)
	}
	return xScale, yScale
}

func (a Axis) scale(from, to float64, numbers [][]float64) Scale {
	s := newScale(a.Logarithmic, from, to, numbers...)
	if a.Logarithmic && a.Zero {
		s.Low, s.Zero = s.Low/10, true
	}
	if a.Low != nil {
		s.Low = *a.Low
	}
	if a.High != nil {
		s.High = *a.High
	}
	if !(s.Low < s.High) {
		s.High = s.Low + math.Max(1e-9, math.Abs(s.Low))
	}
	return s
}

func (a Axis) label(x float64) string {
	if a.Percent {
		return Label(100*x) + "%"
	}
	return Label(x)
}

func (a Axis) vertical(d *Document, s Scale, x, plotLeft, plotRight float64) {
	for _, tick := range s.Ticks(int(math.Max(3, (s.From-s.To)/35))) {
		d.Line("grid", plotLeft, s.At(tick), plotRight, s.At(tick))
		d.Text("soft", plotLeft-6, s.At(tick)+4, End, a.label(tick))
	}
	d.VerticalText("", x+12, (s.From+s.To)/2, a.Label)
}

func (a Axis) horizontal(d *Document, s Scale, plotTop, plotBottom float64) {
	d.Line("axis", s.From, plotBottom, s.To, plotBottom)
	for _, tick := range s.Ticks(int(math.Max(3, (s.To-s.From)/50))) {
		label, x, anchor := a.label(tick), s.At(tick), Middle
		d.Line("grid", x, plotTop, x, plotBottom)
		if x+letter/2*float64(len(label)) > s.To+right {
			x, anchor = s.To+right, End
		}
		d.Text("soft", x, plotBottom+16, anchor, label)
	}
	d.Text("", (s.From+s.To)/2, plotBottom+34, Middle, a.Label)
}

// legend draws the names of the series, and returns how many rows they took.
func (c *Chart) legend(d *Document, x, y, width float64) int {
	const mark, gap = 22, 18
	rows, at := 0, 0.
	for _, data := range c.Data {
		if data.Name == "" {
			continue
		}
		need := mark + letter*float64(len([]rune(data.Name))) + gap
		if rows == 0 || at+need > width {
			rows, at = rows+1, 0
		}
		row := y + float64(rows-1)*legendRow + 6
		if data.Look == Dots || data.Look == Bars {
			d.Rect(fmt.Sprintf("p%d", data.Color), x+at+5, row-5, 10, 10, "")
		} else {
			d.Line(fmt.Sprintf("l%d", data.Color), x+at, row, x+at+mark-4, row)
		}
		d.Text("", x+at+mark, row+4, Start, data.Name)
		at += need
	}
	return rows
}

func (data Data) draw(d *Document, xScale, yScale Scale) {
	line, dot, band := fmt.Sprintf("l%d", data.Color), fmt.Sprintf("p%d", data.Color), fmt.Sprintf("b%d", data.Color)
	px, py := pixels(xScale, data.X), pixels(yScale, data.Y)
	if data.Lower != nil {
		drawBand(d, band, px, pixels(yScale, data.Lower), pixels(yScale, data.Upper))
	}
	switch data.Look {
	case Lines:
		d.Polyline(line, px, py, data.Name)
	case Steps:
		var sx, sy []float64
		for i := range px {
			if i > 0 {
				sx, sy = append(sx, px[i]), append(sy, py[i-1])
			}
			sx, sy = append(sx, px[i]), append(sy, py[i])
		}
		d.Polyline(line, sx, sy, data.Name)
	case Dots:
		radius := data.Radius
		if radius == 0 {
			radius = 2.5
		}
		for i := range px {
			if finite(px[i]) && finite(py[i]) {
				d.Circle(dot, px[i], py[i], radius, "")
			}
		}
	case Bars:
		base := yScale.From
		if zero := yScale.At(0); finite(zero) {
			base = zero
		}
		width := barWidth(data.X)
		for i := range px {
			if !finite(py[i]) {
				continue
			}
			from, to := xScale.At(data.X[i]-width/2), xScale.At(data.X[i]+width/2)
			d.Rect(dot, from+.5, math.Min(base, py[i]), math.Max(.5, to-from-1), math.Abs(base-py[i]), Label(data.Y[i]))
		}
	}
}

// barWidth is the least distance between neighbors of xs, which rise.
func barWidth(xs []float64) float64 {
	width := math.Inf(1)
	for i := 1; i < len(xs); i++ {
		width = math.Min(width, xs[i]-xs[i-1])
	}
	if !finite(width) {
		return 1
	}
	return width
}

func drawBand(d *Document, class string, x, lower, upper []float64) {
	var data strings.Builder
	pen := "M"
	for i := range x {
		if finite(x[i]) && finite(lower[i]) && finite(upper[i]) {
			fmt.Fprintf(&data, "%s%s %s", pen, Number(x[i]), Number(upper[i]))
			pen = "L"
		}
	}
	for i := len(x) - 1; i >= 0; i-- {
		if finite(x[i]) && finite(lower[i]) && finite(upper[i]) {
			fmt.Fprintf(&data, "L%s %s", Number(x[i]), Number(lower[i]))
		}
	}
	if data.Len() > 0 {
		d.Path(class, data.String()+"Z", "")
	}
}

func pixels(s Scale, numbers []float64) []float64 {
	px := make([]float64, len(numbers))
	for i, x := range numbers {
		px[i] = s.At(x)
	}
	return px
}
