package views

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

func TestText(t *testing.T) {
	r := opened(t, small, 3)
	text := Text(r, 80)
	lines := strings.Split(text, "\n")
	require.Len(t, lines, 6, text)
	require.Contains(t, lines[0], "synthetic · step 300 of 300 · training loss 0.1")
	require.Contains(t, lines[1], "loss")
	require.Contains(t, lines[1], "█")
	require.Contains(t, lines[3], "/first/weights ")
	require.Contains(t, lines[3], "active")
	require.Contains(t, lines[5], "update 3 after step 300: dropped")
	for _, width := range []int{-1, 0, 1, 7, 40} {
		for _, line := range strings.Split(Text(r, width), "\n") {
			require.LessOrEqual(t, utf8.RuneCountInString(line), max(1, width))
			require.True(t, utf8.ValidString(line))
		}
	}
	require.Equal(t, "synthetic · no step logged yet", Text(opened(t, small, -1), 80))
}

// What is cut where a terminal is narrow is the meter, then the beginning of a name: never a number.
func TestLayerLines(t *testing.T) {
	layers := []trace.Layer{
		{Path: "/wide/network/block_12/convolution/weights", Size: 1000, Active: 50, Explored: 1000},
		{Path: "/w", Size: 10, Active: 10, Explored: 10},
	}
	for _, width := range []int{200, 80, 60, 45} {
		for _, line := range layerLines(layers, width) {
			require.LessOrEqual(t, utf8.RuneCountInString(line), width)
			require.Contains(t, line, "100.0% explored")
		}
	}
	require.Contains(t, layerLines(layers, 60)[0], "…12/convolution/weights ▒▒▒▒▒   5.0% active")
	require.Contains(t, layerLines(layers, 200)[0], "/wide/network/block_12/convolution/weights █▒▒▒")
}

func TestSparkline(t *testing.T) {
	steps := []float64{1, 2, 3, 4}
	for _, test := range []struct {
		name   string
		values []float64
		width  int
		want   string
	}{
		{"rising", []float64{1, 2, 3, 4}, 4, "▁▃▆█"},
		{"decades are even", []float64{1, 10, 100, 1000}, 4, "▁▃▆█"},
		{"flat", []float64{2, 2, 2, 2}, 4, "▄▄▄▄"},
		{"not finite", []float64{1, math.NaN(), math.Inf(1), 2}, 4, "▁??█"},
		{"narrow", []float64{1, 1, 3, 3}, 2, "▁█"},
		{"no room", []float64{1, 2, 3, 4}, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, sparkline(steps, test.values, test.width))
		})
	}
}
