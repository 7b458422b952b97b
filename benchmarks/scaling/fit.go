package main

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// powerLaw is y = factor·x^exponent.
type powerLaw struct {
	factor, exponent float64
	r2               float64 // The share of the variance of ln y that it explains; NaN where y does not vary.
}

// fit returns the power law by least squares of logarithms. Numbers are above 0, and there are two or more.
func fit(x, y []float64) powerLaw {
	lx, ly := logs(x), logs(y)
	intercept, slope := stat.LinearRegression(lx, ly, nil, false)
	return powerLaw{math.Exp(intercept), slope, stat.RSquared(lx, ly, nil, intercept, slope)}
}

func logs(x []float64) []float64 {
	l := make([]float64, len(x))
	for i, v := range x {
		l[i] = math.Log(v)
	}
	return l
}
