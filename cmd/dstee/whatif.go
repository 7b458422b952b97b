package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/internal/spelling"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/whatif"
)

// newWhatif is the command "whatif".
func newWhatif() *cobra.Command {
	var methods, formulas []string
	var c, epsilon float64
	var round int
	var curve, asJSON, asCSV bool
	var backendName string
	cmd := &cobra.Command{
		Use:   "whatif RUN|FILE",
		Short: "Say what a recorded mask update would have grown by other acquisitions",
		Long: "whatif lets acquisitions choose from the same candidates, those of one mask update that a run saved in full\n" +
			"(`dstee train --out RUN --save-rounds 5`), without training. It prints, per layer and in total, how many of the\n" +
			"weights chosen were never active before, how often they were, and of each pair of acquisitions how far their\n" +
			"choices overlap (Jaccard) and how alike they rank the candidates (Spearman). With --c-curve it prints what DST-EE\n" +
			"would have chosen as c goes from 0, where it is RigL, to large, where it looks at visits alone.",
		Example: "  dstee whatif runs/a --round 5 --acquisition 'abs(g)/(n+1)' --method rigl --method dst-ee --c 1e-3\n  dstee whatif runs/a --round 5 --c-curve --csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			acquisitions, err := acquisitionsOf(methods, formulas, c, epsilon)
			if err != nil {
				return err
			}
			recorded, err := readRound(args[0], round)
			if err != nil {
				return err
			}
			backend, err := backends.Open(backendName)
			if err != nil {
				return err
			}
			var result writer
			if curve {
				result, err = recorded.Curve(backend, epsilon, whatif.DefaultCs())
			} else {
				result, err = recorded.Compare(backend, acquisitions...)
			}
			if err != nil {
				return err
			}
			switch out := cmd.OutOrStdout(); {
			case asJSON:
				return result.WriteJSON(out)
			case asCSV:
				return result.WriteCSV(out)
			default:
				return result.WriteText(out)
			}
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&round, "round", 0, "the mask update to look at, counted from 1; it can be left out where only one was saved")
	flags.StringArrayVar(&formulas, "acquisition", nil, "a formula to grow by, such as 'abs(g) + 1e-3*log(t)/(n+1)'; may be repeated")
	flags.StringArrayVar(&methods, "method", nil, "a method whose way to grow to look at, such as rigl; may be repeated. Default, without --acquisition: rigl and dst-ee")
	flags.Float64Var(&c, "c", dstee.DefaultC, "coefficient of the exploration term of the methods")
	flags.Float64Var(&epsilon, "epsilon", dstee.DefaultEpsilon, "epsilon of the exploration term of the methods")
	flags.BoolVar(&curve, "c-curve", false, "show DST-EE from c 0 to large instead of a comparison")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	flags.BoolVar(&asCSV, "csv", false, "print CSV, a number to a line")
	backendFlag(cmd, &backendName)
	cmd.MarkFlagsMutuallyExclusive("json", "csv")
	for _, compared := range []string{"method", "acquisition", "c"} {
		cmd.MarkFlagsMutuallyExclusive("c-curve", compared)
	}
	return cmd
}

// writer is what whatif prints.
type writer interface {
	WriteText(io.Writer) error
	WriteCSV(io.Writer) error
	WriteJSON(io.Writer) error
}

// acquisitionsOf returns the acquisitions to compare: methods, then formulas.
func acquisitionsOf(methods, formulas []string, c, epsilon float64) (list []dstee.Acquisition, err error) {
	if len(methods)+len(formulas) == 0 {
		methods = []string{"rigl", "dst-ee"}
	}
	for _, name := range methods {
		method, err := growingMethod(name)
		if err != nil {
			return nil, err
		}
		spec := run.Default()
		spec.C, spec.Epsilon = c, epsilon
		growth := spec.Growth(method)
		growth.Name = name // Some methods grow by the same score.
		list = append(list, growth)
	}
	for _, text := range formulas {
		a, err := dstee.Formula(text)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// growingMethod returns a method that grows weights by a score, by its name.
func growingMethod(name string) (dstee.Method, error) {
	var known []string
	for _, method := range dstee.Methods() {
		if method.Grow.Score == nil {
			continue
		}
		if method.Name == name {
			return method, nil
		}
		known = append(known, method.Name)
	}
	return dstee.Method{}, spelling.Unknown("method that grows by a score", name, known)
}

// readRound reads a round from its file, or from the folder of a run by its number.
func readRound(path string, number int) (*whatif.Round, error) {
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		r, err := run.Load(path)
		if err != nil {
			return nil, err
		}
		if path, err = whatif.Find(r.RoundsDir(), number); err != nil {
			return nil, err
		}
	}
	return whatif.Read(path)
}
