package views

import "math"

// binned averages a series over at most n spans of steps of equal length, at their middle, so that a long run makes no
// large file. Steps rise. Values that are not finite do not count.
func binned(steps, values []float64, n int) (binSteps, binValues []float64) {
	if len(steps) <= n {
		return steps, values
	}
	first, width := steps[0], (last(steps)-steps[0])/float64(n)
	sum, count, from := 0., 0, 0
	flush := func(to int) {
		if count > 0 {
			binSteps = append(binSteps, (steps[from]+steps[to-1])/2)
			binValues = append(binValues, sum/float64(count))
		}
		sum, count, from = 0, 0, to
	}
	bin := 0
	for i, step := range steps {
		if at := min(n-1, int((step-first)/width)); at != bin {
			flush(i)
			bin = at
		}
		if finite(values[i]) {
			sum += values[i]
			count++
		}
	}
	flush(len(steps))
	return binSteps, binValues
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// firstFinite returns the first number of a list, NaN if there is none.
func firstFinite(list []float64) float64 {
	for _, x := range list {
		if finite(x) {
			return x
		}
	}
	return math.NaN()
}

// lastFinite returns the last number of a list, NaN if there is none.
func lastFinite(list []float64) float64 {
	for i := len(list) - 1; i >= 0; i-- {
		if finite(list[i]) {
			return list[i]
		}
	}
	return math.NaN()
}
