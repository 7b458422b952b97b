package whatif

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// choice is what an acquisition would have grown in a layer.
type choice struct {
	candidates []int     // Flat indices of the weights to choose from: those inactive after the drop.
	chosen     []int     // Flat indices of those grown, ascending.
	scores     []float32 // Of all weights.
}

// chooser lets acquisitions choose in the round's layers. It compiles each acquisition once per shape.
type chooser struct {
	round   *Round
	updater *dstee.Updater
}

func (r *Round) chooser(backend compute.Backend, grow dstee.Acquisition) (*chooser, error) {
	drop, err := r.drop()
	if err != nil {
		return nil, err
	}
	if len(grow.Memory) > 0 {
		return nil, fmt.Errorf("the acquisition %q remembers %q from round to round, which a recorded round does not hold: compare it "+
			"by training", grow.Name, grow.Memory[0].Name)
	}
	grow.Params = slices.Clone(grow.Params)
	for i := range grow.Params {
		grow.Params[i].Value = grow.Params[i].Value.Over(r.TotalSteps)
	}
	updater, err := dstee.NewUpdater(backend, drop, grow, dstee.Auto)
	if err != nil {
		return nil, err
	}
	return &chooser{round: r, updater: updater}, nil
}

// choose lets the acquisition choose in a layer.
func (c *chooser) choose(l *Layer) (*choice, error) {
	r := c.round
	active := 0
	if err := tensors.ConstFlatData(l.Mask, func(mask []bool) {
		for _, is := range mask {
			if is {
				active++
			}
		}
	}); err != nil {
		return nil, err
	}
	state := l.LayerState
	state.Round, state.TotalSteps = r.Number, r.TotalSteps
	move, err := c.updater.Update(state, active, l.Target, r.DropFraction, r.Step, r.seed(l))
	if err != nil {
		return nil, fmt.Errorf("layer %q: %w", l.Path, err)
	}
	made := &choice{}
	if made.scores, err = c.updater.GrowScores(state, r.Step, r.seed(l)); err != nil {
		return nil, fmt.Errorf("layer %q: %w", l.Path, err)
	}
	kept, err := tensors.CopyFlatData[bool](move.Kept)
	if err != nil {
		return nil, err
	}
	mask, err := tensors.CopyFlatData[bool](move.Mask)
	if err != nil {
		return nil, err
	}
	for i := range mask {
		if kept[i] {
			continue
		}
		made.candidates = append(made.candidates, i)
		if mask[i] {
			made.chosen = append(made.chosen, i)
		}
	}
	return made, nil
}

// explored tells of the choice how often its weights were active before.
func (c *choice) explored(l *Layer) (never, visits, regrown int, err error) {
	err = tensors.ConstFlatData(l.Visits, func(counts []int32) {
		for _, i := range c.chosen {
			visits += int(counts[i])
			if counts[i] == 0 {
				never++
			}
		}
	})
	if err != nil {
		return
	}
	err = tensors.ConstFlatData(l.Mask, func(mask []bool) {
		for _, i := range c.chosen {
			if mask[i] {
				regrown++
			}
		}
	})
	return
}

// threshold is the lowest score that was chosen, nil if none was, or only scores that are no finite number.
func (c *choice) threshold() *float64 {
	lowest := math.Inf(1)
	for _, i := range c.chosen {
		if score := float64(c.scores[i]); score < lowest && !math.IsInf(score, 0) {
			lowest = score
		}
	}
	if math.IsInf(lowest, 1) {
		return nil
	}
	return &lowest
}

// common is how many weights both chose. Both list them in ascending order.
func common(a, b []int) int {
	n := 0
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			n++
			a, b = a[1:], b[1:]
		}
	}
	return n
}

// jaccard is the overlap of two sets of which n are common: their intersection per union. That of empty sets is 1.
func jaccard(a, b, n int) float64 {
	union := a + b - n
	if union == 0 {
		return 1
	}
	return float64(n) / float64(union)
}
