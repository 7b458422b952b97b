package dstee

import (
	"fmt"
	"slices"
)

// UpdateSteps says after which optimizer steps the masks are updated. Steps are counted from 1; the mask update of
// step t happens after its optimizer step.
type UpdateSteps interface {
	// At tells whether the masks are updated after the given step.
	At(step int) bool

	// Next returns the first update step after the given one, or 0 if there is none.
	Next(step int) int

	// Over returns the update steps of a run of the given number of steps: an open end becomes that number. 0 steps are a
	// run of unknown length, which leaves it open.
	Over(steps int) UpdateSteps

	// String names the steps, for people.
	String() string
}

// Every updates the masks every DeltaT steps: after the multiples of DeltaT from Begin to End, both included. The zero value
// never does.
type Every struct {
	DeltaT     int     // Steps between updates, ΔT in the paper.
	Begin, End int     // Steps; End 0 means the end of the run.
	EndShare   float64 // The share of the run at which an open End lies; 0 means all of it.
}

// At implements [UpdateSteps].
func (e Every) At(step int) bool {
	return step > 0 && e.DeltaT > 0 && step%e.DeltaT == 0 && step >= e.Begin && (e.End == 0 || step <= e.End)
}

// Next implements [UpdateSteps].
func (e Every) Next(step int) int {
	if e.DeltaT < 1 {
		return 0
	}
	next := (max(step, e.Begin-1)/e.DeltaT + 1) * e.DeltaT
	if e.End != 0 && next > e.End {
		return 0
	}
	return next
}

// Over implements [UpdateSteps].
func (e Every) Over(steps int) UpdateSteps {
	if e.End == 0 && e.EndShare != 0 {
		e.End = shareOf(steps, e.EndShare)
	} else if e.End == 0 {
		e.End = steps
	}
	return e
}

// String implements [UpdateSteps].
func (e Every) String() string {
	if e.End == 0 && e.EndShare != 0 {
		return fmt.Sprintf("every %d steps from step %d to %g of the run", e.DeltaT, e.Begin, e.EndShare)
	}
	return fmt.Sprintf("every %d steps %s", e.DeltaT, span(e.Begin, e.End))
}

// AtSteps updates the masks after the listed steps, which must increase.
type AtSteps []int

// At implements [UpdateSteps].
func (a AtSteps) At(step int) bool {
	_, found := slices.BinarySearch(a, step)
	return found
}

// Next implements [UpdateSteps].
func (a AtSteps) Next(step int) int {
	if next, _ := slices.BinarySearch(a, step+1); next < len(a) {
		return a[next]
	}
	return 0
}

// Over implements [UpdateSteps].
func (a AtSteps) Over(int) UpdateSteps { return a }

// String implements [UpdateSteps].
func (a AtSteps) String() string { return fmt.Sprintf("after steps %v", []int(a)) }

// checkUpdateSteps says what is wrong with u for a run of the given number of optimizer steps.
func checkUpdateSteps(u UpdateSteps, steps int) error {
	switch u := u.(type) {
	case Every:
		if u.DeltaT < 1 {
			return fmt.Errorf("dstee: the masks cannot be updated every %d steps: ΔT must be at least 1", u.DeltaT)
		}
		if u.Begin < 0 || u.End < 0 || (u.End != 0 && u.End < u.Begin) {
			return fmt.Errorf("dstee: mask updates cannot go from step %d to step %d", u.Begin, u.End)
		}
		if !(u.EndShare >= 0 && u.EndShare <= 1) {
			return fmt.Errorf("dstee: mask updates must end at a share of the run in [0, 1], got %g", u.EndShare)
		}
	case AtSteps:
		for i, step := range u {
			if step < 1 || (i > 0 && step <= u[i-1]) {
				return fmt.Errorf("dstee: the list of update steps must increase and start at 1 or later, got %v", []int(u))
			}
		}
	}
	if next := u.Over(steps).Next(0); next == 0 || next > steps {
		return fmt.Errorf("dstee: the masks would never move: no update (%s) falls within the run of %d steps; lower ΔT, train "+
			"longer, set TotalSteps if this is the first part of a longer run, or use Static()", u, steps)
	}
	return nil
}
