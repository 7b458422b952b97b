// Command dstee trains sparse networks with DST-EE, and checks this build.
//
//	dstee train            train a sparse network and its dense twin on the embedded digits
//	dstee resume RUN       go on with a run that was stopped or killed
//	dstee fork RUN NEW     start a new run from a point of another, with other settings
//	dstee rewind RUN       take a run back to one of its checkpoints
//	dstee ls [DIR]         list runs
//	dstee inspect RUN      show a run's settings, its state and the health of its files
//	dstee trace RUN        show what a run recorded
//	dstee report RUN...    put figures of runs into one HTML file
//	dstee watch RUN        show how a run goes that another process trains
//	dstee rm RUN...        remove runs
//	dstee compare          compare methods over sparsities and seeds, with intervals
//	dstee experiment NAME  run an experiment of the paper, or a small version of it, or plan it
//	dstee whatif RUN       say what a recorded mask update would have grown by other acquisitions
//	dstee export RUN FILE  write a run's model, masks and visits as a safetensors file
//	dstee import FILE RUN  start a run from a model in such a file
//	dstee verify FILE      check this build's mask updates against reference vectors
//	dstee doctor           say which backend there is, and what is missing
//	dstee lab              open the notebooks in JupyterLab
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/run"
)

// exitInterrupted is the exit status after SIGINT, by the custom of shells: 128 + the signal's number.
const exitInterrupted = 130

func main() { os.Exit(exitStatus(newRoot())) }

// exitStatus executes the command line until it ends or is interrupted, says what went wrong, and returns the exit status.
func exitStatus(root *cobra.Command) int {
	ctx, stop := run.UntilInterrupted(context.Background())
	defer stop()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(root.ErrOrStderr(), complaint(err))
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	return 1
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "dstee",
		Short: "Sparse training with DST-EE on GoMLX",
		Long: "dstee trains neural networks that are sparse from the first step to the last: masks move every ΔT steps,\n" +
			"dropping weak weights and growing others by the acquisition function of DST-EE.",
		SilenceUsage:  true,
		SilenceErrors: true,
		// Completion scripts are not among the things this command is for.
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddCommand(newTrain(), newResume(), newFork(), newRewind(), newLs(), newInspect(), newTrace(), newReport(), newWatch(), newRm(),
		newCompare(), newExperiment(), newWhatif(), newExport(), newImport(), newVerify(), newDoctor(), newLab())
	helpful(root)
	return root
}

// backendFlag adds the flag --backend to a command.
func backendFlag(cmd *cobra.Command, backend *string) {
	cmd.Flags().StringVar(backend, "backend", "", "xla, go, or a GoMLX configuration such as xla:/path/plugin.so; "+
		"by default XLA where it can be had, else go")
}
