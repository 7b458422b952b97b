package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sparsekernel/sparsekernel/compare"
	"github.com/sparsekernel/sparsekernel/experiments"
	"github.com/sparsekernel/sparsekernel/run"
)

// experiment is what the flags of "experiment" say.
type experiment struct {
	comparison
	preset experiments.Preset // As it is, before it is scaled.
	scale  float64
	plan   bool
	gflops float64
}

// newExperiment is the command "experiment".
func newExperiment() *cobra.Command {
	e := &experiment{}
	flagged := run.Default()
	cmd := &cobra.Command{
		Use:   "experiment NAME",
		Short: "Run an experiment of the paper, or a small version of it, or plan it",
		Long: "experiment trains a network of the DST-EE paper by several methods at several sparsities, with the recipe that is\n" +
			"known, and prints the table of `dstee compare`, beside published numbers where there are any that could be\n" +
			"verified. It is resumed as a comparison is: the same command goes on. The experiments are\n\n  " +
			strings.Join(experiments.Names(), "\n  ") + "\n\n" +
			"--plan says what that takes, and trains nothing. --scale 0.01 trains a hundredth of the steps: its numbers are not\n" +
			"those of the experiment, but show that all works. Any other flag changes the recipe.",
		Example: "  dstee experiment vgg19-cifar100 --plan\n" +
			"  dstee experiment link-ia-email --data-dir data\n" +
			"  dstee experiment vgg19-cifar100 --data-dir data --scale 0.01 --methods dense,dst-ee --sparsities 95 --seeds 1",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := e.settle(cmd.Flags(), args[0]); err != nil {
				return err
			}
			if !(e.gflops >= 0) || math.IsInf(e.gflops, 0) {
				return fmt.Errorf("gflops must be above 0, or 0 to measure, got %v", e.gflops)
			}
			if e.plan {
				return e.printPlan(cmd)
			}
			table, err := e.run(cmd)
			if err != nil {
				return err
			}
			return e.show(cmd, table)
		},
	}
	flags := cmd.Flags()
	e.flags(flags)
	sharedSpecFlags(flags, &flagged)
	flags.VisitAll(func(flag *pflag.Flag) {
		switch flag.Name {
		case "jobs", "any-build", "csv", "markdown", "json", "acquisition", "baseline":
		default:
			flag.DefValue = "as the experiment says"
		}
	})
	flags.Float64Var(&e.scale, "scale", 1, "share of the steps to train")
	flags.BoolVar(&e.plan, "plan", false, "print layers, densities, operations and expected time, and train nothing")
	flags.Float64Var(&e.gflops, "gflops", 0, "operations a second, in 1e9, for the expected time; 0 measures a matrix product")
	cmd.MarkFlagsMutuallyExclusive("markdown", "json")
	backendFlag(cmd, &e.backend)
	return cmd
}

// settle makes the comparison that of the experiment, with what the flags change.
func (e *experiment) settle(flags *pflag.FlagSet, name string) (err error) {
	if e.preset, err = experiments.ByName(name); err != nil {
		return err
	}
	scaled, err := e.preset.Scale(e.scale)
	if err != nil {
		return err
	}
	e.base = scaled.Spec
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	sharedSpecFlags(own, &e.base)
	copyGiven(own, flags)
	if !flags.Changed("methods") {
		e.methods = scaled.Methods
	}
	if !flags.Changed("sparsities") {
		e.sparsities = joined(scaled.Sparsities)
	}
	if !flags.Changed("seeds") {
		e.seeds = strconv.Itoa(scaled.Seeds)
	}
	if !flags.Changed("out") {
		e.out = filepath.Join("runs", "experiments", name)
	}
	return nil
}

// joined lists sparsities as the flag does.
func joined(sparsities []float64) string {
	texts := make([]string, len(sparsities))
	for i, sparsity := range sparsities {
		texts[i] = strconv.FormatFloat(sparsity, 'g', -1, 64)
	}
	return strings.Join(texts, ",")
}

// show prints the table, what it is of, and what was published.
func (e *experiment) show(cmd *cobra.Command, table *compare.Table) error {
	out := cmd.OutOrStdout()
	if e.asJSON {
		return printJSON(cmd.OutOrStdout(), struct {
			Experiment experiments.Preset `json:"experiment"`
			Scale      float64            `json:"scale"`
			Spec       run.Spec           `json:"spec"`
			Table      *compare.Table     `json:"table"`
		}{e.preset, e.scale, e.base, table})
	}
	fmt.Fprintf(out, "%s\n\n", strings.Join(e.heading(), "\n"))
	if err := e.print(out, table); err != nil {
		return err
	}
	fmt.Fprintln(out, "Accuracies are those after the last step. None is that of the best step on test examples.")
	if err := e.printPublished(out); err != nil {
		return err
	}
	return e.writeCSV(cmd.ErrOrStderr(), table)
}

// heading says what is trained, and how it differs from the experiment.
func (e *experiment) heading() []string {
	spec, whole := e.base, e.preset.Spec
	lines := []string{fmt.Sprintf("%s: %s on %s, %d steps of %d examples, masks move every %d.",
		e.preset.Name, spec.Model, spec.Data, spec.Steps, spec.Batch, spec.DeltaT)}
	if spec.Steps != whole.Steps {
		lines = append(lines, fmt.Sprintf("NOT THE WHOLE EXPERIMENT: %d of its %d steps, whose masks move every %d. The numbers are not those "+
			"of the experiment.", spec.Steps, whole.Steps, whole.DeltaT))
	}
	lines = append(lines, "Recipe: "+e.preset.Source+".")
	for _, choice := range e.preset.Choices {
		lines = append(lines, "Chosen: "+choice+".")
	}
	return lines
}

// printPublished prints what others published of the experiment, if it could be verified.
func (e *experiment) printPublished(out io.Writer) error {
	if e.preset.Claim != "" {
		fmt.Fprintf(out, "\nThe paper's abstract (arXiv 2211.16667): %s.\n", e.preset.Claim)
	}
	if len(e.preset.Published) == 0 {
		_, err := fmt.Fprintln(out, "\nNo published number of this experiment could be verified.")
		return err
	}
	fmt.Fprintln(out, "\nPublished:")
	for _, p := range e.preset.Published {
		accuracy := fmt.Sprintf("%.2f", 100*p.Accuracy)
		if p.Deviation > 0 {
			accuracy += fmt.Sprintf(" ± %.2f", 100*p.Deviation)
		}
		if _, err := fmt.Fprintf(out, "  %-15s %4g%%  %-13s %s\n", p.Method, 100*p.Sparsity, accuracy, p.Source); err != nil {
			return err
		}
	}
	return nil
}
