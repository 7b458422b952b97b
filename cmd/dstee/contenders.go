package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sparsekernel/sparsekernel/compare"
	"github.com/sparsekernel/sparsekernel/internal/spelling"
	"github.com/sparsekernel/sparsekernel/run"
)

// gridFlags are the flags of a spec that a comparison sets itself, contender by contender and cell by cell.
var gridFlags = []string{"method", "acquisition", "sparsity", "seed"}

// sharedSpecFlags adds the flags of a spec that all contenders share.
func sharedSpecFlags(flags *pflag.FlagSet, spec *run.Spec) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	specFlags(all, spec)
	all.VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(gridFlags, flag.Name) {
			flags.AddFlag(flag)
		}
	})
}

// methodContender reads a contender such as "rigl" or "dst-ee:c=0.01:delta-t=50": a method, and flags of the spec that
// are its own.
func methodContender(base run.Spec, text string) (compare.Contender, error) {
	method, settings, _ := strings.Cut(text, ":")
	base.Method = method
	if method == run.Formula {
		return compare.Contender{}, fmt.Errorf("the method %q takes its formula from --acquisition", method)
	}
	if !slices.Contains(run.MethodNames(), method) {
		known := slices.DeleteFunc(slices.Clone(run.MethodNames()), func(name string) bool { return name == run.Formula })
		return compare.Contender{}, spelling.Unknown("method", method, known)
	}
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SetOutput(io.Discard)
	sharedSpecFlags(own, &base)
	if settings == "" {
		return compare.Contender{Name: text, Spec: base}, nil
	}
	for setting := range strings.SplitSeq(settings, ":") {
		name, value, found := strings.Cut(setting, "=")
		if !found || own.Lookup(name) == nil {
			return compare.Contender{}, fmt.Errorf("%q in the contender %q: want METHOD:NAME=VALUE, such as dst-ee:c=0.01, "+
				"with a NAME of %s", setting, text, flagNames(own))
		}
		if err := own.Set(name, value); err != nil {
			return compare.Contender{}, fmt.Errorf("in the contender %q: %w", text, flagError(nil, err))
		}
	}
	return compare.Contender{Name: text, Spec: base}, nil
}

// formulaContender reads a contender that grows by a formula, such as "abs(g)/(n+1)" or "rare: abs(g)/(n+1)", where it has
// a name.
func formulaContender(base run.Spec, text string) (compare.Contender, error) {
	name, formula, named := strings.Cut(text, ":")
	if !named {
		formula = name
	}
	name, formula = strings.TrimSpace(name), strings.TrimSpace(formula)
	if name == "" || formula == "" {
		return compare.Contender{}, fmt.Errorf("the acquisition %q: want a formula, or a name and a formula such as 'rare: abs(g)/(n+1)'", text)
	}
	base.Method, base.Acquisition = run.Formula, formula
	return compare.Contender{Name: name, Spec: base}, nil
}

// flagNames lists the names of flags.
func flagNames(flags *pflag.FlagSet) string {
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return strings.Join(names, ", ")
}
