package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sparsekernel/sparsekernel/run"
)

// newFork is the command "fork".
func newFork() *cobra.Command {
	flagged := run.Default()
	var at point
	cmd := &cobra.Command{
		Use:   "fork RUN NEW",
		Short: "Start a new run from a point of another, with other settings",
		Long: "fork makes a run in the folder NEW that goes on from a checkpoint of the run in the folder RUN, with the settings\n" +
			"given by flags and the rest as they are. Train it with `dstee resume NEW`. With no setting changed it equals RUN\n" +
			"from there on, bit for bit. `dstee inspect RUN` lists the checkpoints. Model, width, data and optimizer stay.",
		Example: "  dstee fork runs/a runs/more-exploration --at-round 5 --c 0.1\n" +
			"  dstee fork runs/a runs/rigl --at-step 1000 --method rigl",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			origin, err := run.Load(args[0])
			if err != nil {
				return err
			}
			step, err := at.of(cmd, origin)
			if err != nil {
				return err
			}
			_, err = origin.Observe(notes(cmd)).Fork(args[1], step, func(spec *run.Spec) { applyChanged(cmd.Flags(), spec) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s goes on from %s at step %d: train it with `dstee resume %s`.\n",
				args[1], args[0], step, shellWord(args[1]))
			return err
		},
	}
	flags := cmd.Flags()
	specFlags(flags, &flagged)
	flags.VisitAll(func(flag *pflag.Flag) { flag.DefValue = "as it is" })
	for _, name := range []string{"model", "width", "data", "optimizer"} { // They are taken, and refused with the reason.
		flags.Lookup(name).Hidden = true
	}
	at.flags(cmd, "go on")
	cmd.MarkFlagsOneRequired("at-round", "at-step")
	return cmd
}

// applyChanged gives the spec the values of those of the spec's flags that were given.
func applyChanged(given *pflag.FlagSet, spec *run.Spec) {
	own := pflag.NewFlagSet("spec", pflag.ContinueOnError)
	specFlags(own, spec)
	copyGiven(own, given)
	settleMethod(given, spec)
}

// copyGiven gives flags the values of those of the same names that were given.
func copyGiven(own, given *pflag.FlagSet) {
	given.Visit(func(flag *pflag.Flag) {
		if own.Lookup(flag.Name) != nil {
			_ = own.Set(flag.Name, flag.Value.String()) // It was parsed once.
		}
	})
}

// notes shows what a run has to say.
func notes(cmd *cobra.Command) run.Observer {
	return run.Observer{Note: func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), "dstee:", text) }}
}
