package views

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
)

// Text shows how a run stands in lines of at most width characters, for a terminal: loss and accuracy with their course, and of
// each layer the density and the share of weights ever active.
func Text(r *Run, width int) string {
	lines := []string{r.Name + " · " + strings.Join(r.standing(), " · ")}
	for _, name := range []string{trace.Loss, trace.Accuracy} {
		if steps, values := r.scalar(name); len(values) > 0 {
			head := fmt.Sprintf("%-9s %-8.4g ", name, last(values))
			lines = append(lines, head+sparkline(steps, values, min(60, width-len(head))))
		}
	}
	if applied := r.Applied(); len(applied) > 0 {
		update := last(applied)
		lines = append(lines, layerLines(update.Layers, width)...)
		if update.Step > 0 {
			dropped, grown := 0, 0
			for _, l := range update.Layers {
				dropped, grown = dropped+l.Dropped-l.Regrown, grown+l.Grown-l.Regrown
			}
			lines = append(lines, fmt.Sprintf("update %d after step %d: dropped %d, grew %d", update.Round, update.Step, dropped, grown))
		}
	}
	for i, line := range lines {
		if runes := []rune(line); len(runes) > max(1, width) {
			lines[i] = string(runes[:max(1, width)])
		}
	}
	return strings.Join(lines, "\n")
}

// layerLines are a line for each layer. Where there is little room the meter is shorter, and then the name: its end tells most.
func layerLines(layers []trace.Layer, width int) []string {
	const numbers, mostMeter, leastMeter = len(" 100.0% active, 100.0% explored"), 20, 5
	longest := 0
	for _, l := range layers {
		longest = max(longest, len([]rune(l.Path)))
	}
	bar := min(mostMeter, max(leastMeter, width-longest-numbers-1))
	name := min(longest, max(1, width-numbers-bar-1))
	var lines []string
	for _, l := range layers {
		path := []rune(l.Path)
		if len(path) > name {
			path = append([]rune("…"), path[len(path)-name+1:]...)
		}
		density, explored := share(l.Active, l.Size), share(l.Explored, l.Size)
		lines = append(lines, fmt.Sprintf("%-*s %s %5.1f%% active, %5.1f%% explored",
			name, string(path), meter(density, explored, bar), 100*density, 100*explored))
	}
	return lines
}

// sparkline draws the course of a series in characters of rising height: that of its logarithm if it spans over a decade.
func sparkline(steps, values []float64, width int) string {
	const blocks = "▁▂▃▄▅▆▇█"
	if width < 1 {
		return ""
	}
	_, values = binned(steps, values, width)
	if least := slices.Min(values); least > 0 && slices.Max(values) > 10*least {
		values = slices.Clone(values)
		for i, x := range values {
			values[i] = math.Log(x)
		}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range values {
		if finite(x) {
			low, high = min(low, x), max(high, x)
		}
	}
	var b strings.Builder
	for _, x := range values {
		switch {
		case !finite(x):
			b.WriteRune('?')
		case high == low:
			b.WriteRune('▄')
		default:
			b.WriteRune([]rune(blocks)[int(math.Round((x-low)/(high-low)*7))])
		}
	}
	return b.String()
}

// meter draws a bar of so many characters: full for active, shaded for explored.
func meter(active, explored float64, width int) string {
	full := int(math.Round(active * float64(width)))
	shaded := max(0, int(math.Round(explored*float64(width)))-full)
	return strings.Repeat("█", full) + strings.Repeat("▒", shaded) + strings.Repeat("·", max(0, width-full-shaded))
}
