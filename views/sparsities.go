package views

import (
	"fmt"
	"strings"

	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// SparsityLine is how accurate a way to train is at several sparsities.
type SparsityLine struct {
	Name   string
	Points []SparsityPoint // By rising sparsity.
}

// SparsityPoint is how accurate a way to train is at one sparsity.
type SparsityPoint struct {
	Sparsity  float64 // The share of weights that are inactive, in [0, 1).
	Accuracy  float64 // The mean over seeds, in [0, 1].
	Low, High float64 // The interval of the mean; both NaN where there is none.
}

// Sparsities shows the accuracy of ways to train against the sparsity, each with a band that is the interval of its mean.
// A line without an interval at every point has no band.
func Sparsities(lines ...SparsityLine) *Figure {
	const title = "How sparse can it go? Accuracy against sparsity, with the intervals of the means"
	chart := svg.Chart{
		X: svg.Axis{Label: "sparsity: weights that are inactive", Percent: true},
		Y: svg.Axis{Label: "accuracy", Percent: true},
	}
	var words []string
	for i, line := range lines {
		if len(line.Points) == 0 {
			continue
		}
		data := svg.Data{Name: line.Name, Color: i % svg.Series}
		banded := true
		for _, p := range line.Points {
			data.X, data.Y = append(data.X, p.Sparsity), append(data.Y, p.Accuracy)
			data.Lower, data.Upper = append(data.Lower, p.Low), append(data.Upper, p.High)
			banded = banded && finite(p.Low) && finite(p.High)
		}
		if !banded {
			data.Lower, data.Upper = nil, nil
		}
		dots := svg.Data{X: data.X, Y: data.Y, Look: svg.Dots, Color: data.Color, Radius: 3}
		chart.Data = append(chart.Data, data, dots)
		words = append(words, line.words())
	}
	if len(words) == 0 {
		return message(title, "There is no accuracy to show.")
	}
	d := svg.New(720, 360)
	chart.Draw(d, 0, 0, 720, 360)
	return &Figure{Title: title, Topic: "Accuracy against sparsity", picture: d,
		Alt: "Line chart of the accuracy over the sparsity: " + strings.Join(words, "; ") + "."}
}

// words are the line's numbers.
func (l SparsityLine) words() string {
	parts := make([]string, len(l.Points))
	for i, p := range l.Points {
		parts[i] = fmt.Sprintf("%.1f%% at %.4g%%", 100*p.Accuracy, 100*p.Sparsity)
		if finite(p.Low) && finite(p.High) {
			parts[i] += fmt.Sprintf(" (%.1f to %.1f)", 100*p.Low, 100*p.High)
		}
	}
	return l.Name + " " + strings.Join(parts, ", ")
}
