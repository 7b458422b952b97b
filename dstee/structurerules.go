package dstee

import (
	"fmt"

	"github.com/gomlx/gomlx/ml/model"
)

// structureRule gives the weights whose path matches a pattern a structure, all of them if there is no pattern.
type structureRule struct {
	structure Structure
	patterns  []string
}

// Structure sets the pattern that active weights form: for all layers, or for those whose path matches one of the regular
// expressions. The first call that matches a layer decides; a layer that none matches has the structure of its
// [ParamStructure], else that of the method. Default [Unstructured].
//
//	dstee.New(0.1).Structure(dstee.NM(2, 4), "conv").Structure(dstee.FanIn())
func (s *Sparsifier) Structure(structure Structure, patterns ...string) *Sparsifier {
	if err := structure.check(); err != nil {
		s.fail(err)
	}
	for _, earlier := range s.structures {
		if len(earlier.patterns) == 0 {
			s.fail(fmt.Errorf("dstee: the structure %q decides nothing: the one before, %q, is for all layers", structure, earlier.structure))
		}
	}
	s.structures = append(s.structures, structureRule{structure, patterns})
	return s
}

// chooseStructures returns the structure of each chosen weight: by the rules, by its hyperparameters, or else the given one. A
// pattern that decides nothing is an error.
func chooseStructures(store *model.Store, choices []choice, rules []structureRule, otherwise Structure) ([]Structure, error) {
	var patterns []string
	var byPattern []Structure
	for _, r := range rules {
		if len(r.patterns) == 0 {
			r.patterns = []string{""} // Matches all.
		}
		for _, pattern := range r.patterns {
			patterns = append(patterns, pattern)
			byPattern = append(byPattern, r.structure)
		}
	}
	matchers, err := newMatchers(patterns)
	if err != nil {
		return nil, err
	}
	weights := make([]*model.Variable, len(choices))
	structures := make([]Structure, len(choices))
	for i, c := range choices {
		weights[i] = c.weight
		if at := matchers.first(c.weight.Path()); at >= 0 {
			structures[i] = byPattern[at]
		} else if structures[i], err = structureOf(store.Scope(c.weight.Scope()), otherwise); err != nil {
			return nil, err
		}
	}
	for i, m := range matchers {
		if m.decided == 0 && m.pattern != "" {
			return nil, fmt.Errorf("dstee: the pattern %q gives no sparse weight the structure %q: it matches none, or earlier patterns "+
				"decide those it matches\n%s", m.pattern, byPattern[i], listCandidates(weights))
		}
	}
	return structures, nil
}

// setStructure gives the layer its structure, and the density if that decides it.
func (l *layer) setStructure(structure Structure) (err error) {
	if l.layout, err = structure.layout(l.weight.Shape().Dimensions); err != nil {
		return fmt.Errorf("%w (layer %q)", err, l.path)
	}
	if l.fixed > 0 {
		if err := l.layout.feasible(l.fixed); err != nil {
			return fmt.Errorf("%w (layer %q)", err, l.path)
		}
		return nil
	}
	l.fixed = structure.density()
	return nil
}
