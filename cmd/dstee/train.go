package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/optimizers"
	"github.com/sparsekernel/sparsekernel/run"
)

// newTrain is the command "train".
func newTrain() *cobra.Command {
	spec := run.Default()
	var backendName, out string
	var noDense, asJSON bool
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train a sparse network and its dense twin",
		Long: "train trains a sparse network, by default with DST-EE at 95% sparsity on the embedded digits, then the same\n" +
			"network densely, and prints what became of each layer and how the two compare.",
		Example: "  dstee train\n  dstee train --sparsity 0.98 --model lenet5 --seed 3 --out runs/lenet\n  dstee train --method rigl --no-dense --json\n  dstee train --acquisition 'abs(g)/(n+1)'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if spec.Acquisition != "" && !cmd.Flags().Changed("method") {
				spec.Method = run.Formula
			}
			// The spec is checked before the backend is looked for, which may take a download.
			if err := spec.Validate(); err != nil {
				return err
			}
			backend, err := backends.Open(backendName)
			if err != nil {
				return err
			}
			train := func(spec run.Spec) (*run.Summary, error) {
				progress := newProgress(cmd.ErrOrStderr(), spec)
				defer progress.close()
				return run.Train(cmd.Context(), backend, spec, progress.observer())
			}
			summary, err := train(spec)
			if err != nil {
				return err
			}
			if !noDense && spec.Method != run.Dense {
				twin := spec
				twin.Method, twin.Acquisition = run.Dense, ""
				dense, err := train(twin)
				if err != nil {
					return fmt.Errorf("the dense twin: %w", err)
				}
				summary.SetDense(dense)
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				if err := encoder.Encode(summary); err != nil {
					return err
				}
			} else if err := printSummary(cmd.OutOrStdout(), summary); err != nil {
				return err
			}
			if out == "" {
				return nil
			}
			path, err := summary.WriteFile(out)
			if err == nil && !asJSON {
				fmt.Fprintf(cmd.OutOrStdout(), "\nWrote %s\n", path)
			}
			return err
		},
	}
	flags := cmd.Flags()
	specFlags(flags, &spec)
	flags.BoolVar(&noDense, "no-dense", false, "do not train the dense twin")
	flags.StringVar(&out, "out", "", "folder to write summary.json to")
	flags.BoolVar(&asJSON, "json", false, "print the summary as JSON")
	backendFlag(cmd, &backendName)
	return cmd
}

// specFlags adds the flags that say what to train, and how.
func specFlags(flags *pflag.FlagSet, spec *run.Spec) {
	flags.StringVar(&spec.Method, "method", spec.Method, "how to train: "+strings.Join(run.Methods, ", "))
	flags.StringVar(&spec.Acquisition, "acquisition", spec.Acquisition, "grow by a formula of w, g, m, n, t and random, such as 'abs(g) + 1e-3*log(t)/(n+1)'")
	flags.StringVar(&spec.Model, "model", spec.Model, "what to train: "+strings.Join(run.ModelNames(), ", "))
	flags.StringVar(&spec.Data, "data", spec.Data, "what to train on: "+strings.Join(run.DataNames(), ", "))
	flags.Float64Var(&spec.Sparsity, "sparsity", spec.Sparsity, "share of the weights that are inactive")
	flags.StringVar(&spec.Distribution, "distribution", spec.Distribution, "how layers share the sparsity: erk, er, uniform")
	flags.IntVar(&spec.DeltaT, "delta-t", spec.DeltaT, "steps between mask updates")
	flags.Float64Var(&spec.DropFraction, "drop-fraction", spec.DropFraction, "share of active weights the first update drops")
	flags.Float64Var(&spec.C, "c", spec.C, "coefficient of the exploration term")
	flags.Float64Var(&spec.Epsilon, "epsilon", spec.Epsilon, "epsilon of the exploration term")
	flags.StringVar(&spec.Optimizer, "optimizer", spec.Optimizer, strings.Join(optimizers.Names(), ", "))
	flags.Float64Var(&spec.LearningRate, "lr", spec.LearningRate, "learning rate at the start; it falls to 0 along a cosine")
	flags.IntVar(&spec.Batch, "batch", spec.Batch, "examples per step")
	flags.IntVar(&spec.Steps, "steps", spec.Steps, "optimizer steps")
	flags.Int64Var(&spec.Seed, "seed", spec.Seed, "seed of weights, masks and the order of the data")
}
