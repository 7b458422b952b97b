package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	recording := run.DefaultRecording()
	var backendName, out string
	var noDense, asJSON bool
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train a sparse network and its dense twin",
		Long: "train trains a sparse network, by default with DST-EE at 95% sparsity on the embedded digits, then the same\n" +
			"network densely, and prints what became of each layer and how the two compare. With --out the sparse network is\n" +
			"a run in that folder: Ctrl-C saves it, and `dstee resume` goes on with it. The dense twin is not kept.",
		Example: "  dstee train\n  dstee train --sparsity 0.98 --model lenet5 --seed 3 --out runs/lenet\n" +
			"  dstee train --method rigl --no-dense --json\n  dstee train --acquisition 'abs(g)/(n+1)'",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settleMethod(cmd.Flags(), &spec)
			if out == "" {
				if err := refuseRecording(cmd.Flags()); err != nil {
					return err
				}
			}
			// The spec is checked before the backend is looked for, which may take a download.
			if err := spec.Validate(); err != nil {
				return err
			}
			var kept *run.Run
			if out != "" {
				var err error
				if kept, err = createRun(out, spec, recording); err != nil {
					return err
				}
				defer kept.Close()
			}
			backend, err := backends.Open(backendName)
			if err != nil {
				return err
			}
			if err := fetchData(cmd, spec); err != nil {
				return err
			}
			inMemory := func(spec run.Spec) (*run.Summary, error) {
				progress := newProgress(cmd.ErrOrStderr(), spec)
				defer progress.close()
				return run.Train(cmd.Context(), backend, spec, progress.observer())
			}
			var summary *run.Summary
			if kept == nil {
				summary, err = inMemory(spec)
			} else {
				summary, err = trainRun(cmd, kept.On(backend), 0)
			}
			if err != nil {
				return err
			}
			if !noDense && spec.Method != run.Dense {
				twin := spec
				twin.Method, twin.Acquisition = run.Dense, ""
				dense, err := inMemory(twin)
				if err != nil && kept != nil {
					return fmt.Errorf("the dense twin: %w; the sparse run is finished, `dstee resume %s` shows it", err, shellWord(out))
				}
				if err != nil {
					return fmt.Errorf("the dense twin: %w", err)
				}
				summary.SetDense(dense)
			}
			if err := showSummary(cmd, summary, asJSON); err != nil || kept == nil {
				return err
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
	recordingFlags(flags, &recording, "with --out: ")
	flags.BoolVar(&noDense, "no-dense", false, "do not train the dense twin")
	flags.StringVar(&out, "out", "", "folder to keep the run in: spec, checkpoints, trace and summary.json")
	flags.BoolVar(&asJSON, "json", false, "print the summary as JSON")
	backendFlag(cmd, &backendName)
	return cmd
}

// createRun makes a run in a folder, and says what to do if there is one.
func createRun(dir string, spec run.Spec, recording run.Recording) (*run.Run, error) {
	_, err := run.Load(dir)
	var none *run.NotARunError
	switch {
	case errors.As(err, &none):
		return run.Create(dir, spec, recording)
	case err != nil:
		return nil, err
	}
	return nil, existsError(dir)
}

// existsError says what to do with a run that is in the way of a new one.
func existsError(dir string) error {
	return fmt.Errorf("%s holds a run already: go on with it by `dstee resume %s`, or remove it by `dstee rm %s`",
		dir, shellWord(dir), shellWord(dir))
}

// trainRun trains a run, shows its progress, and says how it goes on if it is interrupted.
func trainRun(cmd *cobra.Command, r *run.Run, steps int) (*run.Summary, error) {
	progress := newProgress(cmd.ErrOrStderr(), r.Spec())
	defer progress.close()
	summary, err := r.Observe(progress.observer()).Train(cmd.Context(), steps)
	if errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("%w; `dstee resume %s` goes on", err, shellWord(r.Dir()))
	}
	return summary, err
}

// showSummary prints a summary as JSON or for people.
func showSummary(cmd *cobra.Command, summary *run.Summary, asJSON bool) error {
	if asJSON {
		return printJSON(cmd.OutOrStdout(), summary)
	}
	return printSummary(cmd.OutOrStdout(), summary)
}

// printJSON prints a value as JSON.
func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// settleMethod makes method and acquisition agree where only one was given: an acquisition is the method "formula".
func settleMethod(flags *pflag.FlagSet, spec *run.Spec) {
	switch {
	case flags.Changed("acquisition") && !flags.Changed("method"):
		spec.Method = run.Formula
	case flags.Changed("method") && spec.Method != run.Formula && !flags.Changed("acquisition"):
		spec.Acquisition = ""
	}
}

// recordingFlags adds the flags that say what a run keeps of itself. when says when they matter, "" if they always do.
func recordingFlags(flags *pflag.FlagSet, recording *run.Recording, when string) {
	flags.IntVar(&recording.LogEvery, "log-every", recording.LogEvery, when+"steps between lines of the trace")
	flags.IntVar(&recording.SaveEvery, "save-every", recording.SaveEvery, when+"steps between checkpoints, rounded up to mask updates; "+
		"0 for a twentieth of the run")
	flags.IntVar(&recording.Keep, "keep", recording.Keep, when+"how many of the checkpoints of --save-every to keep, 0 for all")
	flags.Var((*roundsFlag)(&recording.Rounds), "save-rounds", when+"mask updates to save in full, such as 3,10 or every")
}

// refuseRecording says which flag of the recording was given where nothing is kept.
func refuseRecording(given *pflag.FlagSet) (err error) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	recordingFlags(own, &run.Recording{}, "")
	given.Visit(func(flag *pflag.Flag) {
		if own.Lookup(flag.Name) != nil {
			err = fmt.Errorf("--%s says what a run keeps of itself, and this one would keep nothing: give --out, a folder for it", flag.Name)
		}
	})
	return err
}

// specFlags adds the flags that say what to train, and how.
func specFlags(flags *pflag.FlagSet, spec *run.Spec) {
	flags.StringVar(&spec.Method, "method", spec.Method, "how to train: "+strings.Join(run.MethodNames(), ", "))
	flags.StringVar(&spec.Acquisition, "acquisition", spec.Acquisition, "grow by a formula of w, g, m, n, t and random, such as 'abs(g) + 1e-3*log(t)/(n+1)'")
	flags.StringVar(&spec.Model, "model", spec.Model, "what to train: "+strings.Join(run.ModelNames(), ", "))
	flags.StringVar(&spec.Data, "data", spec.Data, "what to train on: "+strings.Join(run.DataNames(), ", "))
	flags.Var((*folderFlag)(&spec.DataDir), "data-dir", "folder of the data; without it, the user's cache, into which what can be is downloaded")
	flags.IntVar(&spec.HoldOut, "hold-out", spec.HoldOut, "hold out one in so many training examples to validate by; 0 for none, or the data's own")
	flags.Float64Var(&spec.Width, "width", spec.Width, "multiplies the channels or units of the model's layers; 0 for 1")
	flags.BoolVar(&spec.MixedPrecision, "mixed-precision", spec.MixedPrecision, "compute in bfloat16, keep weights in float32")
	flags.Float64Var(&spec.Sparsity, "sparsity", spec.Sparsity, "share of the weights that are inactive")
	flags.StringVar(&spec.Distribution, "distribution", spec.Distribution, "how layers share the sparsity: erk, er, uniform")
	flags.StringVar(&spec.Structure, "structure", spec.Structure, "pattern of the active weights: N:M such as 2:4, block:SIZE, fanin, fanin:GAMMA or channel; any by default")
	flags.IntVar(&spec.DeltaT, "delta-t", spec.DeltaT, "steps between mask updates")
	flags.Float64Var(&spec.DropFraction, "drop-fraction", spec.DropFraction, "share of active weights the first update drops")
	flags.Float64Var(&spec.C, "c", spec.C, "coefficient of the exploration term")
	flags.StringVar(&spec.CSchedule, "c-schedule", spec.CSchedule, "of c: constant (the default), cosine (to 0), or decay@0.9,1000: 0.9 of itself every 1,000 steps")
	flags.Float64Var(&spec.Epsilon, "epsilon", spec.Epsilon, "epsilon of the exploration term")
	flags.StringVar(&spec.Optimizer, "optimizer", spec.Optimizer, strings.Join(optimizers.Names(), ", "))
	flags.Float64Var(&spec.LearningRate, "lr", spec.LearningRate, "learning rate at the start")
	flags.StringVar(&spec.Schedule, "schedule", spec.Schedule, "of the learning rate: cosine (to 0, the default), constant, or steps@0.5,0.75: a tenth after these shares of the run")
	flags.IntVar(&spec.WarmUp, "warm-up", spec.WarmUp, "steps over which the learning rate rises")
	flags.Float64Var(&spec.WeightDecay, "weight-decay", spec.WeightDecay, "weight decay; 0 for what the optimizer has by itself")
	flags.Float64Var(&spec.LabelSmoothing, "label-smoothing", spec.LabelSmoothing, "share of each label that is spread over all classes")
	flags.IntVar(&spec.Batch, "batch", spec.Batch, "examples per step")
	flags.IntVar(&spec.Steps, "steps", spec.Steps, "optimizer steps")
	flags.Int64Var(&spec.Seed, "seed", spec.Seed, "seed of weights, masks and the order of the data")
}
