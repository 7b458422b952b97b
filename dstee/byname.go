package dstee

import (
	"fmt"
	"slices"
	"strings"
)

// growths and drops are the acquisitions that have a name, for hyperparameters.
var (
	growths = map[string]func(c, epsilon Schedule) Acquisition{
		"dst-ee":           DSTEE,
		"dst-ee-reference": DSTEEReference,
		"rigl":             func(_, _ Schedule) Acquisition { return RigL() },
		"set":              func(_, _ Schedule) Acquisition { return SET() },
		"random-unfired":   func(_, _ Schedule) Acquisition { return RandomUnfired() },
		"sampled-gradient": func(_, _ Schedule) Acquisition { return SampledGradient(Constant(DefaultSampleFactor)) },
		"gradient-ucb":     func(_, epsilon Schedule) Acquisition { return GradientUCB(Constant(DefaultBeta), epsilon) },
		"thompson":         func(_, epsilon Schedule) Acquisition { return Thompson(epsilon) },
	}
	drops = map[string]func() Acquisition{
		"magnitude":              Magnitude,
		"magnitude-and-gradient": func() Acquisition { return MagnitudeAndGradient(Constant(DefaultLambda)) },
	}
)

// GrowthByName returns the growth score of the given name: "dst-ee", "dst-ee-reference", "rigl", "set", "random-unfired",
// "sampled-gradient", "gradient-ucb" or "thompson". c and epsilon are used by those that have them.
func GrowthByName(name string, c, epsilon Schedule) (Acquisition, error) {
	newGrowth, found := growths[name]
	if !found {
		return Acquisition{}, fmt.Errorf("dstee: unknown growth %q, the known ones are %s", name, sortedKeys(growths))
	}
	return newGrowth(c, epsilon), nil
}

// DropByName returns the drop score of the given name: "magnitude" or "magnitude-and-gradient".
func DropByName(name string) (Acquisition, error) {
	newDrop, found := drops[name]
	if !found {
		return Acquisition{}, fmt.Errorf("dstee: unknown drop %q, the known ones are %s", name, sortedKeys(drops))
	}
	return newDrop(), nil
}

// sortedKeys lists the keys of m for an error message.
func sortedKeys[V any](m map[string]V) string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, fmt.Sprintf("%q", key))
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}
