package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/run"
)

// newRm is the command "rm".
func newRm() *cobra.Command {
	return &cobra.Command{
		Use:   "rm RUN [RUN…]",
		Short: "Remove runs",
		Long: "rm removes the runs in the given folders, and the folders if nothing else is in them. It refuses what is no run, and\n" +
			"a run that is being trained. Runs forked from them stay as they are.",
		Example: "  dstee rm runs/a runs/b",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var failed error
			for _, dir := range args {
				failed = errors.Join(failed, run.Remove(dir))
			}
			return failed
		},
	}
}
