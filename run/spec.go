package run

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// Spec says what a run trains, on what, and how. The zero value of no field is a default: start from [Default].
type Spec struct {
	Method       string  `json:"method"`                // One of [Methods].
	Acquisition  string  `json:"acquisition,omitempty"` // The growth score of the method "formula", see dstee.Formula; else "".
	Model        string  `json:"model"`                 // One of [ModelNames].
	Data         string  `json:"data"`                  // One of [DataNames].
	Sparsity     float64 `json:"sparsity"`              // The share of weights that are inactive, in [0, 1).
	Distribution string  `json:"distribution"`          // "erk", "er" or "uniform".
	DeltaT       int     `json:"delta_t"`               // Steps between mask updates.
	DropFraction float64 `json:"drop_fraction"`         // Of the first update; anneals along a cosine to 0.005.
	C            float64 `json:"c"`                     // Coefficient of the exploration term, DST-EE's methods only.
	Epsilon      float64 `json:"epsilon"`               // The ε of the exploration term, DST-EE's methods only.
	Optimizer    string  `json:"optimizer"`             // One of package optimizers' names.
	LearningRate float64 `json:"learning_rate"`         // At the start; anneals along a cosine to 0.
	Batch        int     `json:"batch"`                 // Examples per step.
	Steps        int     `json:"steps"`                 // Optimizer steps.
	Seed         int64   `json:"seed"`                  // Of initial weights, masks and the order of the data.
}

// Dense is the method that trains all weights: what sparse methods are compared with.
const Dense = "dense"

// Static is the method that trains with random masks that never move.
const Static = "static"

// Formula is the method that grows by the score of the spec's Acquisition.
const Formula = "formula"

// Methods are the names of the training methods: the growths of package dstee, and "formula", "static" and "dense".
var Methods = []string{"dst-ee", "dst-ee-reference", "rigl", "set", Formula, Static, Dense}

// Default is DST-EE at 95% sparsity on the embedded digits, with an MLP.
func Default() Spec {
	return Spec{
		Method:       "dst-ee",
		Model:        "mlp",
		Data:         "digits",
		Sparsity:     0.95,
		Distribution: dstee.DefaultDistribution,
		DeltaT:       dstee.DefaultDeltaT,
		DropFraction: dstee.DefaultDropFraction,
		C:            dstee.DefaultC,
		Epsilon:      dstee.DefaultEpsilon,
		Optimizer:    "adam",
		LearningRate: 1e-2,
		Batch:        64,
		Steps:        2000,
		Seed:         0,
	}
}

// Validate says what is wrong with the spec, with which value, and what is possible.
func (s Spec) Validate() error {
	for _, name := range []struct {
		field, value string
		known        []string
	}{
		{"method", s.Method, Methods},
		{"model", s.Model, ModelNames()},
		{"data", s.Data, DataNames()},
		{"distribution", s.Distribution, []string{"erk", "er", "uniform"}},
		{"optimizer", s.Optimizer, optimizers.Names()},
	} {
		if !slices.Contains(name.known, name.value) {
			return fmt.Errorf("unknown %s %q: the known ones are %s", name.field, name.value, strings.Join(name.known, ", "))
		}
	}
	for _, number := range []struct {
		field string
		value float64
		valid bool
		want  string
	}{
		{"sparsity", s.Sparsity, s.Sparsity >= 0 && s.Sparsity < 1, "in [0, 1), such as 0.95"},
		{"delta-t", float64(s.DeltaT), s.DeltaT >= 1, "at least 1"},
		{"drop-fraction", s.DropFraction, s.DropFraction >= 0 && s.DropFraction <= 1, "in [0, 1]"},
		{"c", s.C, s.C >= 0 && !math.IsInf(s.C, 0), "0 or more"},
		{"epsilon", s.Epsilon, s.Epsilon > 0 && !math.IsInf(s.Epsilon, 0), "above 0"},
		{"lr", s.LearningRate, s.LearningRate > 0 && !math.IsInf(s.LearningRate, 0), "above 0"},
		{"batch", float64(s.Batch), s.Batch >= 1, "at least 1"},
		{"steps", float64(s.Steps), s.Steps >= 1, "at least 1"},
	} {
		if !number.valid {
			return fmt.Errorf("%s must be %s, got %v", number.field, number.want, number.value)
		}
	}
	if (s.Method == Formula) != (s.Acquisition != "") {
		return fmt.Errorf("an acquisition goes with the method %q and with no other: got method %q and acquisition %q", Formula, s.Method, s.Acquisition)
	}
	if s.Acquisition != "" {
		if _, err := dstee.Formula(s.Acquisition); err != nil {
			return err
		}
	}
	if s.moves() && s.DeltaT > s.Steps {
		return fmt.Errorf("the masks would never move: delta-t %d is longer than the run of %d steps", s.DeltaT, s.Steps)
	}
	return nil
}

// moves tells whether the method updates masks.
func (s Spec) moves() bool { return s.Method != Dense && s.Method != Static }

// learningRate is the learning rate's schedule.
func (s Spec) learningRate() optimizers.Schedule {
	return optimizers.Cosine{Rate: s.LearningRate, Length: s.Steps}
}

// sparsifier returns what makes the training sparse, nil for the dense method.
func (s Spec) sparsifier() (*dstee.Sparsifier, error) {
	if s.Method == Dense {
		return nil, nil
	}
	sparse := dstee.New(1 - s.Sparsity).
		Distribution(dstee.Distributions[s.Distribution]).
		DeltaT(s.DeltaT).
		DropFraction(dstee.Cosine{First: s.DropFraction, Last: min(s.DropFraction, dstee.LastDropFraction)}).
		TotalSteps(s.Steps).
		Seed(s.Seed)
	if s.Method == Static {
		return sparse.Static(), nil
	}
	if s.Method == Formula {
		grow, err := dstee.Formula(s.Acquisition)
		return sparse.Grow(grow), err
	}
	grow, err := dstee.GrowthByName(s.Method, dstee.Constant(s.C), dstee.Constant(s.Epsilon))
	if err != nil {
		return nil, err
	}
	return sparse.Grow(grow), nil
}
