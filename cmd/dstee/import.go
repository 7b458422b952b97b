package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sparsekernel/sparsekernel/interchange"
	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/run"
)

// newImport is the command "import".
func newImport() *cobra.Command {
	flagged, recording := run.Default(), run.DefaultRecording()
	var restart bool
	cmd := &cobra.Command{
		Use:   "import FILE RUN",
		Short: "Start a run from a model in a safetensors file",
		Long: "import makes a run in the folder RUN that goes on from the model in FILE: a file of `dstee export`, or one that\n" +
			"another program wrote in the form of `dstee export --dense`. Weights, masks, visits and the count of steps are those\n" +
			"of the file, the optimizer starts without a state. Settings are those of the run that was exported, where the file\n" +
			"has them, and the flags. Train it with `dstee resume RUN`.",
		Example: "  dstee import a.safetensors runs/b --steps 4000\n  dstee import a.safetensors runs/fine-tuned --restart --lr 1e-4",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := exportedSpec(args[0])
			if err != nil {
				return err
			}
			applyChanged(cmd.Flags(), &spec)
			store, err := interchange.Import(args[0])
			if err != nil {
				return err
			}
			defer store.Finalize()
			if restart {
				if err := run.ResetCounters(store); err != nil {
					return err
				}
			}
			r, err := run.CreateFrom(args[1], spec, recording, store)
			if err != nil {
				return fmt.Errorf("importing %s: %w", args[0], err)
			}
			state, err := r.State()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is at step %d of %d: train it with `dstee resume %s`.\n", args[1], state.Step, spec.Steps, shellWord(args[1]))
			return err
		},
	}
	flags := cmd.Flags()
	specFlags(flags, &flagged)
	flags.VisitAll(func(flag *pflag.Flag) {
		otherwise := flag.DefValue
		flag.DefValue = "that of the exported run"
		if otherwise != "" {
			flag.DefValue += ", else " + otherwise
		}
	})
	recordingFlags(flags, &recording, "")
	flags.BoolVar(&restart, "restart", false, "count steps and mask updates from 0, so that schedules begin anew")
	return cmd
}

// exportedSpec returns the spec of the run that a file was exported from, the default one if the file does not say.
func exportedSpec(path string) (run.Spec, error) {
	spec := run.Default()
	file, err := safetensors.Open(path)
	if err != nil {
		return spec, err
	}
	defer file.Close()
	text, found := file.Metadata()[specText]
	if !found {
		return spec, nil
	}
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return spec, fmt.Errorf("%s: the spec of the run that it was exported from: %w", path, err)
	}
	return spec, nil
}
