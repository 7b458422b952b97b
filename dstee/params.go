package dstee

import (
	"fmt"

	"github.com/gomlx/gomlx/ml/model"
)

// Hyperparameters of GoMLX's store that say how weights are sparse. Those of layers are inherited through scopes: a
// value set in a scope holds for the weights under it. Values set in the [Sparsifier]'s builder come first.
const (
	// ParamDensity is the share of weights that are active, in (0, 1]. Set at the root, it is the global density, which
	// ParamDistribution shares out among layers; set in a deeper scope, it is the density of each layer under that
	// scope. Float64, default [DefaultDensity].
	ParamDensity = "dst_density"

	// ParamMethod names the [Method], see [MethodByName]. Read at the root. String, default none: DST-EE with the defaults of
	// [New].
	ParamMethod = "dst_method"

	// ParamDistribution names the [Distribution] of the global density: "erk", "er" or "uniform". Read at the root.
	// String, default that of the method, without one "erk".
	ParamDistribution = "dst_distribution"

	// ParamStructure names the [Structure] that active weights form, see [ParseStructure]: "unstructured", "2:4", "block:4",
	// "fanin", "fanin:0.3" or "channel". N:M decides the density itself. String, default that of the
	// method, without one "unstructured".
	ParamStructure = "dst_structure"

	// ParamDrop names the score by which active weights are kept, see [DropByName]. String, default that of the method,
	// without one "magnitude".
	ParamDrop = "dst_drop"

	// ParamGrow names the score by which inactive weights are grown, see [GrowthByName]. String, default that of the method,
	// without one "dst-ee".
	ParamGrow = "dst_grow"

	// ParamC is the coefficient c of the exploration term, for growths that have one. Float64, default that of the method,
	// without one [DefaultC].
	ParamC = "dst_c"

	// ParamEpsilon is the ε of the exploration term, for growths that have one. Float64, default that of the method, without
	// one [DefaultEpsilon].
	ParamEpsilon = "dst_epsilon"

	// ParamDeltaT is the number of steps between mask updates. Read at the root. Int, default that of the method, without one
	// [DefaultDeltaT].
	ParamDeltaT = "dst_delta_t"

	// ParamDropFraction is the share of active weights dropped by the first update; it anneals along a cosine to
	// [LastDropFraction] at the end of the run. Read at the root. Float64, default that of the method, without one
	// [DefaultDropFraction].
	ParamDropFraction = "dst_drop_fraction"

	// ParamSeed seeds the initial masks and random scores. Read at the root. Int, default 0.
	ParamSeed = "dst_seed"
)

// Defaults of the hyperparameters.
const (
	DefaultDensity      = 0.05
	DefaultDistribution = "erk"
	DefaultDeltaT       = 100   // As RigL; DST-EE's code has 1000, for runs of 60,000 steps.
	DefaultDropFraction = 0.5   // As DST-EE's and ITOP's code.
	LastDropFraction    = 0.005 // As DST-EE's and ITOP's code.
)

// layerDensity returns the density set for the layer whose weight is v in its scope or one above it, below the root;
// 0 if there is none.
func layerDensity(v *model.Variable, store *model.Store) (float64, error) {
	own := map[string]any{}
	for path, value := range store.IterParams() {
		scope, key := model.SplitPath(path)
		if key == ParamDensity {
			own[scope] = value
		}
	}
	for scope := v.Scope(); scope != model.RootScopePath; scope, _ = model.SplitPath(scope) {
		if value, found := own[scope]; found && value != nil {
			density := model.GetParamOr(store.Scope(scope), ParamDensity, 0.0)
			return density, checkDensity(density, fmt.Sprintf("the hyperparameter %q of scope %q", ParamDensity, scope))
		}
	}
	return 0, nil
}

// isSet tells whether the hyperparameter is set in the scope or one above it.
func isSet(scope *model.Scope, key string) bool {
	value, found := scope.GetParam(key)
	return found && value != nil
}

// checkDensity says what is wrong with a density.
func checkDensity(density float64, what string) error {
	if !(density > 0 && density <= 1) {
		return fmt.Errorf("dstee: %s must be in (0, 1], got %g", what, density)
	}
	return nil
}

// structureOf returns the structure that the scope's hyperparameters ask for, or else the given one.
func structureOf(scope *model.Scope, otherwise Structure) (Structure, error) {
	if !isSet(scope, ParamStructure) {
		return otherwise, nil
	}
	structure, err := ParseStructure(model.GetParamOr(scope, ParamStructure, unstructured))
	if err != nil {
		return structure, fmt.Errorf("%w (hyperparameter %q in scope %q)", err, ParamStructure, scope.Scope())
	}
	return structure, nil
}
