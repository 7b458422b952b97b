package views

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Seeds make a band around their mean, at the steps that all of them logged.
func TestBand(t *testing.T) {
	run := func(losses ...float64) *Run {
		r := &Run{}
		for i, loss := range losses {
			r.Steps = append(r.Steps, trace.Step{Step: 10 * (i + 1), Scalars: trace.Scalars{trace.Loss: loss}})
		}
		return r
	}
	band := Group{Runs: []*Run{run(1, 3, 9), run(3, 5)}}.band(trace.Loss)
	require.Equal(t, []float64{10, 20}, band.X)
	require.Equal(t, []float64{2, 4}, band.Y)
	require.Equal(t, []float64{1, 3}, band.Lower)
	require.Equal(t, []float64{3, 5}, band.Upper)
}

func TestBinned(t *testing.T) {
	var steps, values []float64
	for i := range 1000 {
		steps, values = append(steps, float64(i)), append(values, 2*float64(i))
	}
	values[3] = nan()
	x, y := binned(steps, values, 10)
	require.Len(t, x, 10)
	require.InDelta(t, 49.5, x[0], 1)
	require.InDelta(t, 2*x[5], y[5], 1e-9)
	require.Less(t, y[0], 110.)
	x, _ = binned(steps[:5], values[:5], 10)
	require.Len(t, x, 5, "short series are left alone")
}

// A loss that came to 0, by rounding even to -0, does not press all others against the axis.
func TestLossOfZeroKeepsTheAxisLogarithmic(t *testing.T) {
	for name, test := range map[string]struct {
		losses            []float64
		logarithmic, zero bool
	}{
		"wide":      {[]float64{2, .1, 1e-6}, true, false},
		"zero":      {[]float64{2, 1e-6, 0}, true, true},
		"signed":    {[]float64{2, 1e-6, math.Copysign(0, -1)}, true, true},
		"narrow":    {[]float64{2, 1.5, 0}, false, false},
		"negative":  {[]float64{2, 1e-6, -1}, false, false},
		"undefined": {[]float64{2, 1e-6, nan()}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			chart := svg.Chart{Data: []svg.Data{{X: make([]float64, len(test.losses)), Y: test.losses}}}
			logarithmicIfWide(&chart)
			require.Equal(t, []bool{test.logarithmic, test.zero}, []bool{chart.Y.Logarithmic, chart.Y.Zero})
		})
	}
}
