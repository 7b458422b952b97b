package views

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// grown is what two things cost at three sizes.
func grown() *Figure {
	return Scaling("weights",
		ScalingLine{"step", []ScalingPoint{{1e5, 0.001}, {1e6, 0.01}, {1e7, 0.1}}},
		ScalingLine{"mask update", []ScalingPoint{{1e5, 0.002}, {1e6, 0.004}, {1e7, 0.03}}},
	)
}

func TestScaling(t *testing.T) {
	f := grown()
	checkFigure(t, f)
	require.Contains(t, f.Alt, "step 1 ms at 1e+05, 10 ms at 1e+06")
	require.Contains(t, f.SVG(), ">mask update</text>")
	require.Equal(t, "How cost grows with weights", f.Title)

	one := Scaling("layers", ScalingLine{"one point", []ScalingPoint{{1, 1}}})
	checkFigure(t, one)
	require.False(t, one.Empty())

	for _, f := range []*Figure{Scaling("layers"), Scaling("layers", ScalingLine{Name: "nothing"})} {
		checkFigure(t, f)
		require.True(t, f.Empty())
	}
}
