package dstee

import (
	"fmt"
	"math"
)

// Schedule is a number that changes with the training step: a drop fraction, a density, the coefficient c.
//
// Schedules are values: they can be asked, printed and plotted without a run. One whose end is left open (End 0) ends
// with the run; [Schedule.Over] closes it.
type Schedule interface {
	// At returns the value at the given optimizer step, counted from 1. Before Begin it is the first value, after End
	// the last. An open schedule that was not closed with Over stays at its first value.
	At(step int) float64

	// Over returns the schedule for a run of the given number of steps: an open end becomes that number. 0 steps are a
	// run of unknown length, which leaves it open.
	Over(steps int) Schedule

	// String says what the schedule does, for people.
	String() string
}

// Constant is a [Schedule] that never changes.
type Constant float64

// At implements [Schedule].
func (c Constant) At(int) float64 { return float64(c) }

// Over implements [Schedule].
func (c Constant) Over(int) Schedule { return c }

// String implements [Schedule].
func (c Constant) String() string { return fmt.Sprintf("%g", float64(c)) }

// Cosine anneals from First to Last along half a cosine, between the steps Begin and End:
//
//	Last + (First-Last)·(1 + cos(π·(step-Begin)/(End-Begin)))/2
//
// It is the drop-fraction schedule of DST-EE's and ITOP's code, over all steps, and of RigL (Evci et al., ICML 2020).
type Cosine struct {
	First, Last float64
	Begin, End  int // Steps; End 0 means the end of the run.
}

// At implements [Schedule].
func (c Cosine) At(step int) float64 {
	p := progress(step, c.Begin, c.End)
	return c.Last + (c.First-c.Last)*(1+math.Cos(math.Pi*p))/2
}

// Over implements [Schedule].
func (c Cosine) Over(steps int) Schedule {
	if c.End == 0 {
		c.End = steps
	}
	return c
}

// String implements [Schedule].
func (c Cosine) String() string {
	return fmt.Sprintf("cosine %g → %g %s", c.First, c.Last, span(c.Begin, c.End))
}

// Linear goes from First to Last along a line, between the steps Begin and End.
type Linear struct {
	First, Last float64
	Begin, End  int // Steps; End 0 means the end of the run.
}

// At implements [Schedule].
func (l Linear) At(step int) float64 {
	return l.First + (l.Last-l.First)*progress(step, l.Begin, l.End)
}

// Over implements [Schedule].
func (l Linear) Over(steps int) Schedule {
	if l.End == 0 {
		l.End = steps
	}
	return l
}

// String implements [Schedule].
func (l Linear) String() string {
	return fmt.Sprintf("linear %g → %g %s", l.First, l.Last, span(l.Begin, l.End))
}

// Polynomial goes from First to Last between the steps Begin and End:
//
//	Last + (First-Last)·(1 - (step-Begin)/(End-Begin))^Power
//
// With Power 3 it is the density schedule of gradual magnitude pruning (Zhu and Gupta, 2017, arXiv 1710.01878).
type Polynomial struct {
	First, Last float64
	Power       float64
	Begin, End  int // Steps; End 0 means the end of the run.
}

// At implements [Schedule].
func (p Polynomial) At(step int) float64 {
	return p.Last + (p.First-p.Last)*math.Pow(1-progress(step, p.Begin, p.End), p.Power)
}

// Over implements [Schedule].
func (p Polynomial) Over(steps int) Schedule {
	if p.End == 0 {
		p.End = steps
	}
	return p
}

// String implements [Schedule].
func (p Polynomial) String() string {
	return fmt.Sprintf("polynomial of power %g %g → %g %s", p.Power, p.First, p.Last, span(p.Begin, p.End))
}

// Decay multiplies First by Factor once every Every steps: First·Factor^⌊step/Every⌋. It is how the code of DST-EE's
// first author lowers c: factor 0.9 every 1000 steps in its graph experiments.
type Decay struct {
	First, Factor float64
	Every         int // Steps.
}

// At implements [Schedule].
func (d Decay) At(step int) float64 {
	if d.Every <= 0 {
		return d.First
	}
	return d.First * math.Pow(d.Factor, math.Floor(float64(step)/float64(d.Every)))
}

// Over implements [Schedule].
func (d Decay) Over(int) Schedule { return d }

// String implements [Schedule].
func (d Decay) String() string {
	return fmt.Sprintf("%g · %g every %d steps", d.First, d.Factor, d.Every)
}

// Until is a [Schedule] whose open end lies at the given share of the run, instead of at its end.
type Until struct {
	Share    float64 // In (0, 1].
	Schedule Schedule
}

// At implements [Schedule].
func (u Until) At(step int) float64 { return u.Schedule.At(step) }

// Over implements [Schedule].
func (u Until) Over(steps int) Schedule { return u.Schedule.Over(shareOf(steps, u.Share)) }

// String implements [Schedule].
func (u Until) String() string {
	return fmt.Sprintf("%s, which ends at %g of its steps", u.Schedule, u.Share)
}

// shareOf is the step at the given share of a run, at least 1; 0 if the length of the run is unknown.
func shareOf(steps int, share float64) int {
	if steps == 0 {
		return 0
	}
	return max(1, int(math.Round(share*float64(steps))))
}

// checkSchedule says what keeps a schedule from being asked.
func checkSchedule(schedule Schedule, what string) error {
	switch s := schedule.(type) {
	case nil:
		return fmt.Errorf("%s is nil: it must be a Schedule, for instance Constant(0.3)", what)
	case Until:
		if s.Schedule == nil {
			return fmt.Errorf("%s is an Until without a Schedule", what)
		}
		if !(s.Share > 0 && s.Share <= 1) {
			return fmt.Errorf("%s ends at a share of the run in (0, 1], got %g", what, s.Share)
		}
		return checkSchedule(s.Schedule, what)
	}
	return nil
}

// progress returns how far step is from begin to end, in [0, 1]; 0 when the end is open.
func progress(step, begin, end int) float64 {
	if end == 0 || step <= begin {
		return 0
	}
	if step >= end {
		return 1
	}
	return float64(step-begin) / float64(end-begin)
}

// span names the steps from begin to end.
func span(begin, end int) string {
	if end == 0 {
		return fmt.Sprintf("from step %d to the end of the run", begin)
	}
	return fmt.Sprintf("from step %d to step %d", begin, end)
}
