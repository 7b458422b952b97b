package run

import (
	"fmt"
	"slices"
)

// Recording says what a run keeps of itself on disk. The zero value of no field is a default: start from
// [DefaultRecording].
type Recording struct {
	LogEvery  int    `json:"log_every"`             // Steps between lines of the trace; the last step has one, too.
	SaveEvery int    `json:"save_every"`            // Steps between checkpoints, rounded up to mask updates. 0: a twentieth of the run.
	Keep      int    `json:"keep"`                  // How many of these checkpoints are kept: the last ones. 0 keeps all.
	Rounds    Rounds `json:"save_rounds,omitempty"` // The mask updates of which all that scores are computed from is saved.
}

// Rounds are numbers of mask updates, counted from 1. [EveryRound] stands for all of them.
type Rounds []int

// EveryRound is the list of all rounds.
var EveryRound = Rounds{0}

// Contains tells whether the round is among them.
func (r Rounds) Contains(round int) bool {
	return slices.Contains(r, round) || slices.Equal(r, EveryRound)
}

// DefaultRecording logs every 10 steps, and keeps 20 checkpoints that are spread over the run.
func DefaultRecording() Recording { return Recording{LogEvery: 10, SaveEvery: 0, Keep: 20} }

// saves tells whether there is a checkpoint to be made at a step.
func (r Recording) saves(spec Spec, step int) bool {
	every := r.SaveEvery
	if every == 0 {
		every = spec.Steps / 20
	}
	every = (max(1, every) + spec.DeltaT - 1) / spec.DeltaT * spec.DeltaT
	return step%every == 0
}

// Validate says what is wrong with the recording, with which value, and what is possible.
func (r Recording) Validate() error {
	for _, number := range []struct {
		field        string
		value, least int
	}{
		{"log-every", r.LogEvery, 1},
		{"save-every", r.SaveEvery, 0},
		{"keep", r.Keep, 0},
	} {
		if number.value < number.least {
			return fmt.Errorf("%s must be at least %d, got %d", number.field, number.least, number.value)
		}
	}
	for _, round := range r.Rounds {
		if round < 1 && !slices.Equal(r.Rounds, EveryRound) {
			return fmt.Errorf("save-rounds are counted from 1, got %d", round)
		}
	}
	return nil
}
