package run

import (
	"encoding/json"
	"fmt"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// progress is what a training knows of its past, besides the variables of its store.
type progress struct {
	Step    int            `json:"step"` // Optimizer steps so far.
	Loss    average        `json:"loss"`
	Rounds  int            `json:"rounds"`            // Mask updates applied so far.
	Skipped int            `json:"skipped"`           // Mask updates skipped so far.
	Updated int            `json:"updated"`           // The step of the last mask update that was applied, 0 before the first.
	Entered map[string]int `json:"entered,omitempty"` // How many weights of each layer became active.
	Seconds float64        `json:"seconds"`           // Of wall time, in all processes that trained.
}

// average is a moving average: the mean of the first 100 values, then each new one weighs 1%. It is GoMLX's metric of
// that name, but goes on where it was when a run resumes.
type average struct {
	Mean  float64 `json:"mean"`
	Count int     `json:"count"`
}

func (a *average) add(value float64) {
	a.Count++
	weight := max(0.01, 1/float64(a.Count))
	a.Mean = a.Mean*(1-weight) + value*weight
}

// step takes note of an optimizer step.
func (p *progress) step(loss float64) {
	p.Step++
	p.Loss.add(loss)
}

// update takes note of a mask update, which comes before its step is noted.
func (p *progress) update(update *dstee.MaskUpdate) {
	p.Rounds, p.Skipped = update.Round, update.SkippedRounds
	if update.Skipped {
		return
	}
	p.Updated = update.Step
	if p.Entered == nil {
		p.Entered = map[string]int{}
	}
	for _, l := range update.Layers {
		p.Entered[l.Path] += l.Grown - l.Regrown
	}
}

// round is the number of mask updates so far if the last one came right after this step, else 0.
func (p *progress) round() int {
	if p.Updated == p.Step {
		return p.Rounds
	}
	return 0
}

// progressOf returns the progress that a checkpoint was written at.
func progressOf(c *checkpoint.Checkpoint) (p progress, err error) {
	if err := json.Unmarshal([]byte(c.Texts[textProgress]), &p); err != nil {
		return p, fmt.Errorf("the checkpoint's progress: %w", err)
	}
	return p, nil
}
