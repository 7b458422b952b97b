package experiments

import (
	"fmt"
	"math"

	"github.com/sparsekernel/sparsekernel/internal/spelling"
	"github.com/sparsekernel/sparsekernel/run"
)

// Preset is an experiment: a network on a data set, trained by several methods at several sparsities.
type Preset struct {
	Name       string      `json:"name"`
	Spec       run.Spec    `json:"spec"` // The recipe, all but method, sparsity and seed.
	Methods    []string    `json:"methods"`
	Sparsities []float64   `json:"sparsities"`
	Seeds      int         `json:"seeds"`
	Source     string      `json:"source"`  // Where the recipe comes from.
	Choices    []string    `json:"choices"` // What was chosen here, since it is not known, or differs from the source.
	Claim      string      `json:"claim"`   // What the paper's abstract says, "" for nothing about this.
	Published  []Published `json:"published,omitempty"`
}

// Published is a result that others published.
type Published struct {
	Method    string  `json:"method"`
	Sparsity  float64 `json:"sparsity"`
	Accuracy  float64 `json:"accuracy"`            // In [0, 1].
	Deviation float64 `json:"deviation,omitempty"` // As published behind ±; 0 if it was not.
	Source    string  `json:"source"`
}

// Names returns the names of the presets, in the paper's order.
func Names() []string {
	var names []string
	for _, p := range presets() {
		names = append(names, p.Name)
	}
	return names
}

// ByName returns a preset. The error lists the names that there are.
func ByName(name string) (Preset, error) {
	for _, p := range presets() {
		if p.Name == name {
			return p, nil
		}
	}
	return Preset{}, spelling.Unknown("experiment", name, Names())
}

// Scale makes the experiment smaller, by a factor in (0, 1]: that share of its steps, with the warm-up and the steps between
// mask updates made shorter likewise, so that masks move as often. All examples stay. At least one step is left of each.
func (p Preset) Scale(factor float64) (Preset, error) {
	if !(factor > 0 && factor <= 1) {
		return p, fmt.Errorf("scale must be above 0 and at most 1, the whole experiment, got %g", factor)
	}
	shorter := func(steps int) int { return max(1, int(math.Round(factor*float64(steps)))) }
	p.Spec.Steps, p.Spec.DeltaT = shorter(p.Spec.Steps), shorter(p.Spec.DeltaT)
	if p.Spec.WarmUp > 0 {
		p.Spec.WarmUp = shorter(p.Spec.WarmUp)
	}
	return p, nil
}
