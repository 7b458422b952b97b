package views

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRatios(t *testing.T) {
	f := Ratios("Steps", "further left is faster",
		RatioGroup{"MLP", []RatioBar{
			{Name: "this", Ratio: 1.5, First: 1.4, Third: 1.6, Text: "12 ms", Hint: "12 ms of 5"},
			{Name: "the fastest other", Ratio: 1, First: 0.9, Third: 1.1, Text: "8 ms", Color: 9},
		}},
		RatioGroup{"CNN", []RatioBar{{Name: "this", Ratio: 0.5, First: 0.5, Third: 0.5, Text: "1 ms"}}},
	)
	checkFigure(t, f)
	require.Equal(t, "further left is faster. MLP: this 1.50, the fastest other 1.00; CNN: this 0.50.", f.Alt)
	require.Contains(t, f.SVG(), ">1.50× (12 ms)</text>")
	require.Contains(t, f.SVG(), ">1×</text>", "the reference is on the axis")

	same := Ratios("Steps", "", RatioGroup{"MLP", []RatioBar{{Name: "this", Ratio: 1, First: 1, Third: 1}}})
	checkFigure(t, same)
	require.False(t, same.Empty())
	require.True(t, Ratios("Steps", "").Empty())
}
