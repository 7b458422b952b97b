package views

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Group is runs that differ in their seed only.
type Group struct {
	Name string
	Runs []*Run

	// Cost is how many FLOPs a training step takes, as a share of a dense step's; 0 if it is not known.
	Cost float64
}

// Convergence shows the training loss and accuracy of groups of runs, against steps and, if the cost of all groups is known,
// against training FLOPs. A line is the mean of a group's seeds, a band goes from the lowest to the highest. Marks are the
// mask updates of the first group's first run. Where more than 240 steps are logged, a point is the mean of several.
func Convergence(groups ...Group) *Figure {
	const title = "Does it learn? Loss and accuracy, with marks where masks moved"
	scalars := []string{trace.Loss, trace.Accuracy}
	costs := true
	for _, g := range groups {
		costs = costs && g.Cost > 0
	}
	var panels []svg.Chart
	var words []string
	for _, scalar := range scalars {
		bySteps, byFLOPs := newPanel(scalar), newPanel(scalar)
		bySteps.X.Label, byFLOPs.X.Label = "optimizer step", "training FLOPs, in dense steps"
		for i, g := range groups {
			band := g.band(scalar)
			if len(band.X) == 0 {
				continue
			}
			band.Color = i % svg.Series
			if len(g.Runs) < 2 {
				band.Lower, band.Upper = nil, nil
			}
			bySteps.Data = append(bySteps.Data, band)
			words = append(words, fmt.Sprintf("%s of %s from %.3g to %.3g at step %.0f",
				scalar, g.Name, band.Y[0], last(band.Y), last(band.X)))
			band.X = slices.Clone(band.X)
			for j := range band.X {
				band.X[j] *= g.Cost
			}
			byFLOPs.Data = append(byFLOPs.Data, band)
		}
		if len(bySteps.Data) == 0 {
			continue
		}
		logarithmicIfWide(&bySteps)
		byFLOPs.Y.Logarithmic, byFLOPs.Y.Zero = bySteps.Y.Logarithmic, bySteps.Y.Zero
		if len(groups[0].Runs) > 0 {
			bySteps.Ticks = groups[0].Runs[0].updateSteps()
			byFLOPs.Ticks = slices.Clone(bySteps.Ticks)
			for j := range byFLOPs.Ticks {
				byFLOPs.Ticks[j] *= groups[0].Cost
			}
		}
		panels = append(panels, bySteps)
		if costs {
			panels = append(panels, byFLOPs)
		}
	}
	if len(panels) == 0 {
		return message(title, "No loss or accuracy is recorded yet.")
	}
	return &Figure{Title: title, Topic: "Convergence", picture: grid(panels, 2, 280),
		Alt: fmt.Sprintf("Line charts of training loss and accuracy: %s.", strings.Join(words, "; "))}
}

func newPanel(scalar string) svg.Chart {
	return svg.Chart{Y: svg.Axis{Label: scalar + ", training", Percent: scalar == trace.Accuracy}}
}

// logarithmicIfWide makes the axis of losses logarithmic if they span more than a decade. A loss that training brought to 0
// keeps a place on it.
func logarithmicIfWide(c *svg.Chart) {
	least, most, zero := math.Inf(1), 0., false
	for _, data := range c.Data {
		for _, y := range data.Y {
			switch {
			case y < 0:
				return
			case y == 0:
				zero = true
			case finite(y):
				least, most = min(least, y), max(most, y)
			}
		}
	}
	c.Y.Logarithmic = !c.Y.Percent && most > 10*least
	c.Y.Zero = c.Y.Logarithmic && zero
}

// mostBandPoints is how many points a line has at most.
const mostBandPoints = 240

// band is the mean of a scalar over the runs, between the lowest and the highest, at the steps that all of them logged.
func (g Group) band(scalar string) svg.Data {
	data := svg.Data{Name: g.Name}
	at := map[float64][]float64{}
	for _, r := range g.Runs {
		steps, values := r.scalar(scalar)
		for i, step := range steps {
			at[step] = append(at[step], values[i])
		}
	}
	var steps, mean, lower, upper []float64
	for step, values := range at {
		if len(values) == len(g.Runs) {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	for _, step := range steps {
		sum := 0.
		for _, value := range at[step] {
			sum += value
		}
		mean = append(mean, sum/float64(len(g.Runs)))
		lower, upper = append(lower, slices.Min(at[step])), append(upper, slices.Max(at[step]))
	}
	_, data.Lower = binned(steps, lower, mostBandPoints)
	_, data.Upper = binned(steps, upper, mostBandPoints)
	data.X, data.Y = binned(steps, mean, mostBandPoints)
	return data
}

// grid draws charts in rows of so many columns.
func grid(charts []svg.Chart, columns int, height float64) *svg.Document {
	const width = 720.
	columns = min(columns, len(charts))
	d := svg.New(width, height*float64(ceilDiv(len(charts), columns)))
	for i := range charts {
		cell := width / float64(columns)
		charts[i].Draw(d, cell*float64(i%columns), height*float64(i/columns), cell, height)
	}
	return d
}
