package views

import (
	"fmt"
	"strings"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// ScalingLine is what one thing costs at several sizes.
type ScalingLine struct {
	Name   string
	Points []ScalingPoint // By rising X.
}

// ScalingPoint is a measured cost.
type ScalingPoint struct {
	X       float64 // The size, above 0.
	Seconds float64 // Above 0.
}

// Scaling shows costs against a size, which is named, on logarithmic axes: a power law is a straight line there, whose slope is
// its exponent. Points that are not above 0 have no place.
func Scaling(size string, lines ...ScalingLine) *Figure {
	title := "How cost grows with " + size
	chart := svg.Chart{
		X: svg.Axis{Label: size, Logarithmic: true},
		Y: svg.Axis{Label: "milliseconds", Logarithmic: true},
	}
	var words []string
	for i, line := range lines {
		data := svg.Data{Name: line.Name, Color: i % svg.Series}
		var parts []string
		for _, p := range line.Points {
			data.X, data.Y = append(data.X, p.X), append(data.Y, 1000*p.Seconds)
			parts = append(parts, fmt.Sprintf("%.3g ms at %.4g", 1000*p.Seconds, p.X))
		}
		if len(parts) == 0 {
			continue
		}
		dots := svg.Data{X: data.X, Y: data.Y, Look: svg.Dots, Color: data.Color, Radius: 3}
		chart.Data = append(chart.Data, data, dots)
		words = append(words, line.Name+" "+strings.Join(parts, ", "))
	}
	if len(words) == 0 {
		return message(title, "There is no cost to show.")
	}
	d := svg.New(720, 400)
	chart.Draw(d, 0, 0, 720, 400)
	return &Figure{Title: title, Topic: "Cost against " + size, picture: d,
		Alt: "Line chart of costs in milliseconds, both axes logarithmic: " + strings.Join(words, "; ") + "."}
}
