// Command dstee trains sparse networks with DST-EE, and checks this build.
//
//	dstee train            train a sparse network and its dense twin on the embedded digits
//	dstee verify FILE      check this build's mask updates against reference vectors
//	dstee doctor           say which backend there is, and what is missing
//	dstee lab              open the notebooks in JupyterLab
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// exitInterrupted is the exit status after SIGINT, by the custom of shells: 128 + the signal's number.
const exitInterrupted = 130

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "dstee:", err)
		os.Exit(exitInterrupted)
	default:
		fmt.Fprintln(os.Stderr, "dstee:", err)
		os.Exit(1)
	}
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
	root.AddCommand(newTrain(), newVerify(), newDoctor(), newLab())
	return root
}

// backendFlag adds the flag --backend to a command.
func backendFlag(cmd *cobra.Command, backend *string) {
	cmd.Flags().StringVar(backend, "backend", "", "xla, go, or a GoMLX configuration such as xla:/path/plugin.so; "+
		"by default XLA where it can be had, else go")
}
