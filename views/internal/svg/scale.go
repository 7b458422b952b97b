package svg

import (
	"math"
	"strconv"
	"strings"
)

// Scale maps the numbers of an axis to pixels.
type Scale struct {
	Low, High   float64 // The range of the numbers, Low < High.
	From, To    float64 // The pixels of Low and High.
	Logarithmic bool    // Low > 0 then.
	Zero        bool    // On a logarithmic scale: whether Low stands for 0.
}

// At returns the pixel of a number. It is NaN for numbers without a place, such as 0 on a logarithmic scale.
func (s Scale) At(x float64) float64 {
	low, high := s.Low, s.High
	if s.Logarithmic {
		if x == 0 && s.Zero {
			return s.From
		}
		if x <= 0 {
			return math.NaN()
		}
		x, low, high = math.Log(x), math.Log(low), math.Log(high)
	}
	return s.From + (x-low)/(high-low)*(s.To-s.From)
}

// Ticks returns round numbers within the range: about n of them, on a logarithmic scale powers of ten, and where these are
// less than three 2 and 5 times them, too.
func (s Scale) Ticks(n int) []float64 {
	if s.Logarithmic {
		var ticks []float64
		low := s.Low
		if s.Zero {
			ticks, low = append(ticks, 0), low*5
		}
		first, last := math.Ceil(math.Log10(low)-1e-9), math.Floor(math.Log10(s.High)+1e-9)
		if last-first < 2 {
			return append(ticks, oneTwoFive(low, s.High)...)
		}
		for power, step := first, math.Max(1, math.Ceil((last-first)/float64(n))); power <= last; power += step {
			ticks = append(ticks, math.Pow(10, power))
		}
		return ticks
	}
	step := niceStep((s.High - s.Low) / float64(max(1, n)))
	var ticks []float64
	for i := math.Ceil(s.Low/step - 1e-9); i*step <= s.High+1e-9*step; i++ {
		ticks = append(ticks, i*step)
	}
	return ticks
}

// oneTwoFive returns 1, 2 and 5 times the powers of ten within the range.
func oneTwoFive(low, high float64) []float64 {
	var ticks []float64
	for power := math.Floor(math.Log10(low)); power <= math.Ceil(math.Log10(high)); power++ {
		for _, factor := range []float64{1, 2, 5} {
			if x := factor * math.Pow(10, power); x >= low && x <= high {
				ticks = append(ticks, x)
			}
		}
	}
	return ticks
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, factor := range []float64{1, 2, 5} {
		if step <= factor*power*(1+1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// Label formats a tick.
func Label(x float64) string {
	if x != 0 && (math.Abs(x) < 1e-3 || math.Abs(x) >= 1e6) {
		return strings.NewReplacer("e-0", "e-", "e+0", "e").Replace(strconv.FormatFloat(x, 'e', -1, 32))
	}
	return strconv.FormatFloat(math.Round(x*1e6)/1e6+0, 'f', -1, 64) // Adding 0 drops the sign of -0.
}

// LogarithmicScale returns a logarithmic scale that holds all numbers, which are above 0.
func LogarithmicScale(from, to float64, numbers []float64) Scale {
	return newScale(true, from, to, numbers)
}

// newScale returns a scale that holds all numbers, with some air around them. Numbers that are not finite, or not above 0
// on a logarithmic scale, do not count.
func newScale(logarithmic bool, from, to float64, numbers ...[]float64) Scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, list := range numbers {
		for _, x := range list {
			if finite(x) && (!logarithmic || x > 0) {
				low, high = math.Min(low, x), math.Max(high, x)
			}
		}
	}
	switch {
	case low > high:
		low, high = 0, 1
		if logarithmic {
			low, high = 0.1, 1
		}
	case low == high && logarithmic:
		low, high = low/2, high*2
	case low == high:
		air := math.Max(math.Abs(low)/10, 1e-9)
		low, high = low-air, high+air
	}
	return Scale{Low: low, High: high, From: from, To: to, Logarithmic: logarithmic}
}
