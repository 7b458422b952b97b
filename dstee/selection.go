package dstee

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gomlx/gomlx/ml/model"
)

// rule decides the density of the weights whose path matches pattern. Density 1 keeps them dense.
type rule struct {
	pattern string
	density float64
}

// choice is a weight selected to be sparse. density is 0 if the distribution decides it.
type choice struct {
	weight  *model.Variable
	density float64
}

// candidate tells whether a variable can be sparse: it is trained, has a float dtype, is not empty, and has at least rank 2,
// which leaves out biases and the scales of norms.
func candidate(v *model.Variable) bool {
	return v.Trainable && !isOfTraining(v) && v.DType().IsFloat() && v.Shape().Rank() >= 2 && v.Shape().Size() > 0
}

// selectWeights returns which of the candidates become sparse, in their order. only restricts the candidates to those
// that match one of its patterns; then the first rule that matches decides, then the density set in the weight's scope
// (below the root); all others are left to the distribution.
//
// A pattern that is not a regular expression, that matches no candidate, or whose candidates are all decided by earlier
// patterns is an error, and so is a selection of nothing.
func selectWeights(store *model.Store, candidates []*model.Variable, only []string, rules []rule) ([]choice, error) {
	if len(candidates) == 0 {
		return nil, fmt.Errorf("dstee: the model has nothing to make sparse: no variable is trainable, float and of rank 2 or more")
	}
	matchOnly, err := newMatchers(only)
	if err != nil {
		return nil, err
	}
	patterns := make([]string, len(rules))
	for i, r := range rules {
		patterns[i] = r.pattern
		if err := checkDensity(r.density, fmt.Sprintf("the density of pattern %q", r.pattern)); err != nil {
			return nil, err
		}
	}
	matchRules, err := newMatchers(patterns)
	if err != nil {
		return nil, err
	}

	var choices []choice
	for _, v := range candidates {
		if len(only) > 0 && matchOnly.first(v.Path()) < 0 {
			continue
		}
		density := 0.0
		if i := matchRules.first(v.Path()); i >= 0 {
			density = rules[i].density
		} else if density, err = layerDensity(v, store); err != nil {
			return nil, err
		}
		if density != 1 {
			choices = append(choices, choice{weight: v, density: density})
		}
	}
	for _, m := range append(matchOnly, matchRules...) {
		if m.matched == 0 {
			return nil, fmt.Errorf("dstee: the pattern %q matches no weight\n%s", m.pattern, listCandidates(candidates))
		}
	}
	for _, m := range matchRules {
		if m.decided == 0 {
			return nil, fmt.Errorf("dstee: the pattern %q decides nothing: earlier patterns decide every weight it matches; "+
				"put it before them\n%s", m.pattern, listCandidates(candidates))
		}
	}
	if len(choices) == 0 {
		return nil, fmt.Errorf("dstee: nothing is left to make sparse: the patterns keep every weight dense\n%s", listCandidates(candidates))
	}
	return choices, nil
}

// matcher is a pattern and how many paths it matched, and of those how many it was the first to match.
type matcher struct {
	pattern          string
	expression       *regexp.Regexp
	matched, decided int
}

type matchers []*matcher

func newMatchers(patterns []string) (matchers, error) {
	ms := make(matchers, len(patterns))
	for i, pattern := range patterns {
		expression, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("dstee: the pattern %q is not a regular expression: %w", pattern, err)
		}
		ms[i] = &matcher{pattern: pattern, expression: expression}
	}
	return ms, nil
}

// first returns the index of the first pattern that matches the path, or -1, and counts all matches.
func (ms matchers) first(path string) int {
	first := -1
	for i, m := range ms {
		if !m.expression.MatchString(path) {
			continue
		}
		m.matched++
		if first < 0 {
			first = i
			m.decided++
		}
	}
	return first
}

// listCandidates lists the weights that patterns can match, for an error message.
func listCandidates(candidates []*model.Variable) string {
	var b strings.Builder
	b.WriteString("the weights that can be sparse are:")
	for _, v := range candidates {
		fmt.Fprintf(&b, "\n\t%s %v", v.Path(), v.Shape().Dimensions)
	}
	return b.String()
}
