package svg

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 1: "1", 1.5: "1.5", 1.05: "1.05", 0.1: "0.1", 12.344: "12.34", 99.999: "100",
		-0.001: "0", -1.25: "-1.25"} {
		require.Equal(t, want, Number(x))
	}
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		name  string
		scale Scale
		n     int
		want  []string
	}{
		{"whole", Scale{Low: 0, High: 1000}, 5, []string{"0", "200", "400", "600", "800", "1000"}},
		{"between", Scale{Low: .31, High: .52}, 4, []string{"0.4", "0.5"}},
		{"negative", Scale{Low: -1, High: 1}, 4, []string{"-1", "-0.5", "0", "0.5", "1"}},
		{"tiny", Scale{Low: 0, High: 4e-7}, 4, []string{"0", "1e-7", "2e-7", "3e-7", "4e-7"}},
		{"decades", Scale{Low: 1e-3, High: 10, Logarithmic: true}, 5, []string{"0.001", "0.01", "0.1", "1", "10"}},
		{"within decades", Scale{Low: .04, High: .6, Logarithmic: true}, 5, []string{"0.05", "0.1", "0.2", "0.5"}},
		{"with zero", Scale{Low: 1e-5, High: 10, Logarithmic: true, Zero: true}, 9, []string{"0", "1e-4", "0.001", "0.01", "0.1", "1", "10"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var labels []string
			for _, tick := range test.scale.Ticks(test.n) {
				labels = append(labels, Label(tick))
			}
			require.Equal(t, test.want, labels)
		})
	}
}

// Scales hold what they are made of, whatever that is.
func TestScale(t *testing.T) {
	for _, numbers := range [][]float64{nil, {3}, {0}, {-2, 5}, {math.NaN(), 1, math.Inf(1)}, {1e-300, 2e-300}} {
		for _, logarithmic := range []bool{false, true} {
			s := newScale(logarithmic, 10, 110, numbers)
			require.Less(t, s.Low, s.High)
			for _, x := range numbers {
				if at := s.At(x); finite(x) && (x > 0 || !logarithmic) {
					require.GreaterOrEqual(t, at, 10-1e-9)
					require.LessOrEqual(t, at, 110+1e-9)
				}
			}
		}
	}
	zero := Scale{Low: .1, High: 10, From: 0, To: 100, Logarithmic: true, Zero: true}
	require.Equal(t, 0., zero.At(0))
	require.InDelta(t, 50, zero.At(1), 1e-9)
	require.True(t, math.IsNaN(zero.At(-1)))
}

// A grid draws neighbors of a class at once, and leaves out what has none.
func TestGrid(t *testing.T) {
	d := New(100, 100)
	cells := []string{"a", "a", "", "b", "a", "b"}
	d.Grid(10, 20, 30, 20, 2, 3, func(r, c int) string { return cells[3*r+c] })
	require.Contains(t, d.Fragment(), `<g transform="translate(10 20) scale(10 10)"`)
	require.Contains(t, d.Fragment(), `<path class="a" d="M0 0h2v1h-2zM1 1h1v1h-1z"/>`)
	require.Contains(t, d.Fragment(), `<path class="b" d="M0 1h1v1h-1zM2 1h1v1h-1z"/>`)
}

// What is not finite breaks a line, and is no dot.
func TestNotFinite(t *testing.T) {
	nan := math.NaN()
	c := Chart{Data: []Data{
		{X: []float64{1, 2, 3, 4}, Y: []float64{1, nan, 3, math.Inf(1)}, Lower: []float64{nan, 0, 1, 2}, Upper: []float64{1, 2, 3, nan}},
		{X: []float64{1, 2}, Y: []float64{nan, 2}, Look: Dots},
		{X: []float64{1, 2}, Y: []float64{nan, 2}, Look: Bars},
		{X: []float64{1, 2}, Y: []float64{nan, nan}, Look: Steps},
	}}
	d := New(300, 200)
	c.Draw(d, 0, 0, 300, 200)
	require.NotContains(t, d.Fragment(), "NaN")
	require.NotContains(t, d.Fragment(), "Inf")
	require.NotContains(t, d.Fragment(), "9223372036854775")
	require.Equal(t, 1, strings.Count(d.Fragment(), "<circle"))
}

func TestText(t *testing.T) {
	d := New(10, 10)
	d.Text("", 0, 0, Start, `<&">`)
	require.Contains(t, d.Fragment(), "&lt;&amp;&#34;&gt;")
	page := d.String("x", "a<b", `"`, "")
	require.Contains(t, page, `<title id="x-t">a&lt;b</title>`)
	require.NotContains(t, page, "<style>")
}
