package views

import (
	"fmt"
	"math"
	"strings"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// RatioGroup is measurements of several things that are relative to one of them.
type RatioGroup struct {
	Name string
	Bars []RatioBar
}

// RatioBar is what one thing takes, as a multiple of what the reference takes.
type RatioBar struct {
	Name                string
	Ratio, First, Third float64 // The median and the quartiles, above 0.
	Text                string  // The absolute measurement, such as "12 ms".
	Hint                string  // Shown when the pointer rests on the bar.
	Color               int     // The same for the same thing in all groups, 0 or more.
}

// Measures of ratios, in pixels.
const (
	ratiosWidth = 820.0
	ratiosLeft  = 260.0 // Where the axis begins, after names.
	ratiosRight = 710.0 // And ends, before numbers.
	ratiosTop   = 54.0
	ratioHead   = 20.0 // For a group's name.
	ratioHeight = 14.0 // Of a bar.
	ratioGap    = 10.0 // After a group.
)

// Ratios shows how many times as much as a reference things take: bars from 1, on a logarithmic axis, with a line from the
// first to the third quartile. The note stands above them.
func Ratios(title, note string, groups ...RatioGroup) *Figure {
	var all []float64
	height := ratiosTop
	for _, g := range groups {
		height += ratioHead + ratioHeight*float64(len(g.Bars)) + ratioGap
		for _, b := range g.Bars {
			all = append(all, b.First, b.Ratio, b.Third)
		}
	}
	if len(all) == 0 {
		return message(title, "There is nothing to compare.")
	}
	x := svg.LogarithmicScale(ratiosLeft, ratiosRight, append(all, 1))
	d := svg.New(ratiosWidth, height)
	d.Text("soft", 8, 18, svg.Start, note)
	for _, tick := range x.Ticks(6) {
		d.Line("grid", x.At(tick), ratiosTop-8, x.At(tick), height-ratioGap)
		d.Text("soft", x.At(tick), ratiosTop-12, svg.Middle, svg.Label(tick)+"×")
	}
	var words []string
	y := ratiosTop
	for _, g := range groups {
		d.Text("head", 8, y+14, svg.Start, g.Name)
		y += ratioHead
		var parts []string
		for _, b := range g.Bars {
			b.draw(d, x, y)
			parts = append(parts, fmt.Sprintf("%s %.2f", b.Name, b.Ratio))
			y += ratioHeight
		}
		y += ratioGap
		words = append(words, g.Name+": "+strings.Join(parts, ", "))
	}
	d.Line("rule", x.At(1), ratiosTop-8, x.At(1), height-ratioGap)
	return &Figure{Title: title, Topic: "Ratios", picture: d, Alt: note + ". " + strings.Join(words, "; ") + "."}
}

// draw draws the bar with its name, its quartiles and its number.
func (b RatioBar) draw(d *svg.Document, x svg.Scale, y float64) {
	left, right := math.Min(x.At(1), x.At(b.Ratio)), math.Max(x.At(1), x.At(b.Ratio))
	d.Text("soft", ratiosLeft-8, y+11, svg.End, b.Name)
	d.Rect(fmt.Sprintf("p%d", b.Color%svg.Series), left, y+2, math.Max(1, right-left), ratioHeight-4, b.Hint)
	d.Line("axis", x.At(b.First), y+ratioHeight/2, x.At(b.Third), y+ratioHeight/2)
	d.Text("", math.Max(right, x.At(b.Third))+5, y+11, svg.Start, fmt.Sprintf("%.2f× (%s)", b.Ratio, b.Text))
}
