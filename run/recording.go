package run

import (
	"fmt"
	"slices"
)

// Recording says what a run keeps of itself on disk. The zero value of no field is a default: start from
// [DefaultRecording].
type Recording struct {
	LogEvery  int    `json:"log_every"`             // Steps between lines of the trace.
	SaveEvery int    `json:"save_every"`            // Steps between checkpoints, at least; they come with mask updates.
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

// DefaultRecording logs every 10 steps, and keeps the last 20 of the checkpoints that it makes every 100 steps, or every
// ΔT if that is more.
func DefaultRecording() Recording { return Recording{LogEvery: 10, SaveEvery: 100, Keep: 20} }

// Validate says what is wrong with the recording, with which value, and what is possible.
func (r Recording) Validate() error {
	for _, number := range []struct {
		field        string
		value, least int
	}{
		{"log-every", r.LogEvery, 1},
		{"save-every", r.SaveEvery, 1},
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
