package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/sparsekernel/sparsekernel/views"
)

// lines are the costs of each kind over the number that changes.
func (s sweep) lines(points []point) (x []float64, y [kinds][]float64) {
	for _, p := range points {
		x = append(x, s.x(p.work))
		for k := range y {
			y[k] = append(y[k], p.seconds[k])
		}
	}
	return x, y
}

// table is the sweep in Markdown: costs in milliseconds, the exponents of power laws, and how many times the least that the
// machine allows the costs are.
func table(s sweep, points []point, machine roofline) string {
	var b strings.Builder
	row := func(head string, cell func(k int) string) {
		fmt.Fprintf(&b, "| %s |", head)
		for k := range kinds {
			fmt.Fprintf(&b, " %s |", cell(k))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "Against %s: %s. Milliseconds.\n\n", s.label, s.held)
	row(s.label, func(k int) string { return kind[k].name })
	fmt.Fprintf(&b, "|---:|%s\n", strings.Repeat("---:|", kinds))
	x, y := s.lines(points)
	for i, p := range points {
		row(number(x[i]), func(k int) string { return fmt.Sprintf("%.3g", 1000*p.seconds[k]) })
	}
	row("exponent (r²)", func(k int) string {
		law := fit(x, y[k])
		return fmt.Sprintf("%.2f (%.2f)", law.exponent, law.r2)
	})
	for _, p := range []point{points[0], points[len(points)-1]} {
		row("× limit at "+number(s.x(p.work)), func(k int) string { return fmt.Sprintf("%.1f", p.seconds[k]/p.least(k, machine)) })
	}
	last := points[len(points)-1]
	reached := last.flops() / last.seconds[denseStep]
	fmt.Fprintf(&b, "\nAt %s the dense step does %.0f GFLOP/s, %.0f%% of what a product of matrices alone does.\n",
		number(s.x(last.work)), reached/1e9, 100*reached/machine.flops)
	return b.String()
}

// number writes large numbers in thousands and millions, to three digits.
func number(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.3gM", x/1e6)
	case x >= 1e4:
		return fmt.Sprintf("%.3gk", x/1e3)
	}
	return fmt.Sprintf("%.4g", x)
}

// figure draws the sweep.
func figure(s sweep, points []point) *views.Figure {
	x, y := s.lines(points)
	var lines []views.ScalingLine
	for k := range y {
		line := views.ScalingLine{Name: kind[k].name}
		for i := range x {
			line.Points = append(line.Points, views.ScalingPoint{X: x[i], Seconds: y[k][i]})
		}
		if law := fit(x, y[k]); !math.IsNaN(law.exponent) {
			line.Name = fmt.Sprintf("%s: %.2f", line.Name, law.exponent)
		}
		lines = append(lines, line)
	}
	return views.Scaling(s.label, lines...)
}
