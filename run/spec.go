package run

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/internal/spelling"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// Spec says what a run trains, on what, and how. Start from [Default]: the zero value is no default, but where it says so.
type Spec struct {
	Method       string  `json:"method"`                // One of [MethodNames].
	Acquisition  string  `json:"acquisition,omitempty"` // The growth score of the method "formula", see dstee.Formula; else "".
	Model        string  `json:"model"`                 // One of [ModelNames].
	Data         string  `json:"data"`                  // One of [DataNames].
	Sparsity     float64 `json:"sparsity"`              // The share of weights that are inactive, in [0, 1).
	Distribution string  `json:"distribution"`          // "erk", "er" or "uniform".
	Structure    string  `json:"structure,omitempty"`   // The pattern of active weights, see dstee.ParseStructure; "" is any.
	DeltaT       int     `json:"delta_t"`               // Steps between mask updates.
	DropFraction float64 `json:"drop_fraction"`         // Of the first update; anneals along a cosine to 0.005. Methods that regrow only.
	C            float64 `json:"c"`                     // Coefficient of the exploration term, methods that have one only; see CSchedule.
	Epsilon      float64 `json:"epsilon"`               // The ε of the exploration term, methods that have one only.
	Optimizer    string  `json:"optimizer"`             // One of package optimizers' names.
	LearningRate float64 `json:"learning_rate"`         // At the start; see Schedule.
	Batch        int     `json:"batch"`                 // Examples per step.
	Steps        int     `json:"steps"`                 // Optimizer steps.
	Seed         int64   `json:"seed"`                  // Of initial weights, masks and the order of the data.

	// Of these, the zero value is the default.
	DataDir        string  `json:"data_dir,omitempty"`        // Absolute path of the data; "": the user's cache, see [Spec.Validate].
	HoldOut        int     `json:"hold_out,omitempty"`        // One in so many training examples validates; 0: none, or the data's own.
	Width          float64 `json:"width,omitempty"`           // Multiplies the channels or units of the model's layers; 0: 1.
	MixedPrecision bool    `json:"mixed_precision,omitempty"` // Compute in bfloat16, keep weights in float32.
	CSchedule      string  `json:"c_schedule,omitempty"`      // Of C: "cosine" to 0, "decay@0.9,1000" (see dstee.Decay); "" is "constant".
	Schedule       string  `json:"schedule,omitempty"`        // Of the learning rate: see [ScheduleCosine]; "" is that.
	WarmUp         int     `json:"warm_up,omitempty"`         // Steps over which the learning rate rises.
	WeightDecay    float64 `json:"weight_decay,omitempty"`    // 0: what the optimizer has by itself.
	LabelSmoothing float64 `json:"label_smoothing,omitempty"` // Share of each label that all classes get, in [0, 1).
}

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

// Validate says what is wrong with the spec, with which value, and what is possible. It does not look for the data: they
// are read from DataDir when training begins, or, where that is "", from sparsekernel/datasets in the user's cache, into
// which those that can be are downloaded ([datasets.Fetch]). The digits need no folder.
func (s Spec) Validate() error {
	if known := MethodNames(); !slices.Contains(known, s.Method) {
		return spelling.Unknown("method", s.Method, known)
	}
	return s.validateOfAnyMethod()
}

// validateOfAnyMethod is Validate for the spec of a run, whose method may be one that another program registers.
func (s Spec) validateOfAnyMethod() error {
	for _, check := range []func() error{s.checkNames, s.checkNumbers, s.checkModel, s.checkRecipe, s.checkGrowth} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkNames says which name is not known.
func (s Spec) checkNames() error {
	for _, name := range []struct {
		field, value string
		known        []string
	}{
		{"model", s.Model, ModelNames()},
		{"data", s.Data, DataNames()},
		{"distribution", s.Distribution, []string{"erk", "er", "uniform"}},
		{"optimizer", s.Optimizer, optimizers.Names()},
	} {
		if !slices.Contains(name.known, name.value) {
			return spelling.Unknown(name.field, name.value, name.known)
		}
	}
	return nil
}

// checkNumbers says which number is out of its range.
func (s Spec) checkNumbers() error {
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
		{"hold-out", float64(s.HoldOut), s.HoldOut == 0 || s.HoldOut >= 2, "0, for none, or at least 2, for one example in so many"},
		{"width", s.Width, s.Width >= 0 && !math.IsInf(s.Width, 0), "above 0, or 0 for 1"},
		{"warm-up", float64(s.WarmUp), s.WarmUp >= 0, "0 or more"},
		{"weight-decay", s.WeightDecay, s.WeightDecay >= 0 && !math.IsInf(s.WeightDecay, 0), "0 or more"},
		{"label-smoothing", s.LabelSmoothing, s.LabelSmoothing >= 0 && s.LabelSmoothing < 1, "in [0, 1)"},
		{"batch", float64(s.Batch), s.Batch >= 1, "at least 1"},
		{"steps", float64(s.Steps), s.Steps >= 1, "at least 1"},
	} {
		if !number.valid {
			return fmt.Errorf("%s must be %s, got %v", number.field, number.want, number.value)
		}
	}
	return nil
}

// checkModel says why the model does not go with the data, which must be where other processes find them.
func (s Spec) checkModel() error {
	if err := fit(s.Model, s.Data); err != nil {
		return err
	}
	if architectures[s.Model].images == nil && s.MixedPrecision {
		return fmt.Errorf("the model %s has no mixed precision: models of images have", s.Model)
	}
	if s.DataDir != "" && !filepath.IsAbs(s.DataDir) {
		return fmt.Errorf("the folder of the data must be an absolute path, which other processes find as well, got %q", s.DataDir)
	}
	return nil
}

// checkGrowth says what is wrong with how masks move.
func (s Spec) checkGrowth() error {
	if _, err := s.readCoefficient(); err != nil {
		return err
	}
	if s.Method == Formula && s.Acquisition == "" {
		return fmt.Errorf("the method %q takes an acquisition to grow by, such as \"abs(g)/(n+1)\", and has none", Formula)
	}
	if s.Method != Formula && s.Acquisition != "" {
		return fmt.Errorf("an acquisition goes with the method %q and with no other: got method %q and acquisition %q", Formula, s.Method, s.Acquisition)
	}
	if s.Acquisition != "" {
		if _, err := dstee.Formula(s.Acquisition); err != nil {
			return err
		}
	}
	if s.Structure != "" {
		if _, err := dstee.ParseStructure(s.Structure); err != nil {
			return err
		}
	}
	if s.moves() && s.DeltaT > s.Steps {
		return fmt.Errorf("the masks would never move: delta-t %d is longer than the run of %d steps: lower it, or train more steps", s.DeltaT, s.Steps)
	}
	return nil
}

// sparsifier returns what makes the training sparse, nil for the dense method. What the spec sets comes before the method's
// own defaults, so that methods are compared under one regime.
func (s Spec) sparsifier() (*dstee.Sparsifier, error) {
	if s.Method == Dense {
		return nil, nil
	}
	method, err := s.method()
	if err != nil {
		return nil, err
	}
	method.Grow = s.Growth(method)
	sparse := dstee.New(1 - s.Sparsity).Method(method).
		Distribution(dstee.Distributions[s.Distribution]).
		TotalSteps(s.Steps).
		Seed(s.Seed)
	if s.Structure != "" {
		structure, err := dstee.ParseStructure(s.Structure)
		if err != nil {
			return nil, err
		}
		sparse.Structure(structure)
	}
	if !method.Static {
		sparse.DeltaT(s.DeltaT)
	}
	if method.Regrows() {
		sparse.DropFraction(dstee.Cosine{First: s.DropFraction, Last: min(s.DropFraction, dstee.LastDropFraction)})
	}
	return sparse, nil
}

// flops returns the training FLOPs relative to dense training, for the operations of a forward pass at the end of the run.
func (s Spec) flops(sparse, dense float64) (float64, error) {
	method, err := s.method()
	if err != nil {
		return 0, err
	}
	final := 1 - s.Sparsity
	return method.TrainingFLOPs(min(dense, sparse*method.MeanDensity(final, s.Steps)/final), dense, s.DeltaT), nil
}
