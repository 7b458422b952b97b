package views

import (
	"fmt"
	"math"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Strip is a number that changes in the course of training, such as the drop fraction or the learning rate.
type Strip struct {
	Name string                 // With the unit.
	At   func(step int) float64 // The number at an optimizer step; NaN where there is none.
}

// Schedules shows what is planned for a training of so many optimizer steps, before it is run: the strips above each other
// on one time axis, with marks at the steps of mask updates.
func Schedules(steps int, updates []int, strips ...Strip) *Figure {
	plan := schedule{title: fmt.Sprintf("What %d steps of training will do", steps), end: float64(steps)}
	for _, step := range updates {
		plan.updates = append(plan.updates, float64(step))
	}
	stride := max(1, ceilDiv(steps, mostPoints))
	for _, strip := range strips {
		var at, values []float64
		for step := 1; step <= steps; step += stride {
			at, values = append(at, float64(step)), append(values, strip.At(step))
		}
		plan.add(strip.Name, at, values)
	}
	return plan.figure()
}

// Schedule shows what a run did as planned: the drop fraction and the number of weights dropped at each update, the learning
// rate, c and ε, as far as they are recorded, with marks at the steps of mask updates.
func Schedule(r *Run) *Figure {
	done := schedule{updates: r.updateSteps(),
		title: "What the schedules did: how much each update moved, and how fast weights learned"}
	var steps, fraction, dropped []float64
	params := map[string][]float64{}
	for _, u := range r.Applied() {
		if u.Step == 0 {
			continue
		}
		k := 0
		for i := range u.Layers {
			k += u.Layers[i].Dropped
		}
		steps, fraction, dropped = append(steps, float64(u.Step)), append(fraction, u.DropFraction), append(dropped, float64(k))
		for _, name := range []string{"c", "epsilon"} {
			value, found := u.Params[name]
			if !found {
				value = math.NaN()
			}
			params[name] = append(params[name], value)
		}
	}
	done.add("drop fraction", steps, fraction)
	done.add("weights dropped, k", steps, dropped)
	learning, rates := r.scalar(trace.LearningRate)
	done.add("learning rate", learning, rates)
	done.add("c", steps, params["c"])
	done.add("ε", steps, params["epsilon"])
	return done.figure()
}

// mostPoints is how many points a strip has at most.
const mostPoints = 360

// schedule is numbers on one time axis.
type schedule struct {
	title   string
	end     float64 // Of the axis; 0 for that of the data.
	updates []float64
	names   []string
	data    []svg.Data
}

// add adds a strip, unless it has no number.
func (s *schedule) add(name string, steps, values []float64) {
	for _, value := range values {
		if finite(value) {
			steps, values = binned(steps, values, mostPoints)
			s.names, s.data = append(s.names, name), append(s.data, svg.Data{X: steps, Y: values, Look: svg.Steps})
			return
		}
	}
}

func (s *schedule) figure() *Figure {
	const height = 125.
	if len(s.data) == 0 {
		return message(s.title, "No schedule is recorded.")
	}
	end := s.end
	for _, data := range s.data {
		for _, x := range data.X {
			end = max(end, x)
		}
	}
	d := svg.New(720, height*float64(len(s.data)))
	var words []string
	for i, data := range s.data {
		data.Name, data.Color = s.names[i], i%svg.Series
		chart := svg.Chart{X: svg.Axis{Low: new(float64), High: &end}, Y: svg.Axis{Low: new(float64)},
			Data: []svg.Data{data}, Ticks: s.updates}
		if i == len(s.data)-1 {
			chart.X.Label = "optimizer step; marks are mask updates"
		}
		chart.Draw(d, 0, height*float64(i), 720, height)
		words = append(words, fmt.Sprintf("%s from %.3g to %.3g", s.names[i], firstFinite(data.Y), lastFinite(data.Y)))
	}
	return &Figure{Title: s.title, Topic: "Schedules", picture: d,
		Alt: fmt.Sprintf("Charts above each other over steps, with %d mask updates: %s.", len(s.updates), strings.Join(words, "; "))}
}
