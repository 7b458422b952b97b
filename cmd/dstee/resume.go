package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/run"
)

// newResume is the command "resume".
func newResume() *cobra.Command {
	var backendName string
	var steps int
	var wait, asJSON bool
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that was stopped or killed",
		Long: "resume trains a run, given by its folder, of `dstee train --out`, `dstee fork` or `dstee import` on from its newest\n" +
			"checkpoint that is whole, to its end or for some steps, and prints what became of it. On the backend it was trained\n" +
			"on, the outcome is the same, bit for bit, as if it had never stopped. A run that has all of its steps stays as it is.",
		Example: "  dstee resume runs/lenet\n  dstee resume runs/lenet --steps 500 --wait",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if steps < 0 {
				return fmt.Errorf("steps must be 0, for all that are left, or more, got %d", steps)
			}
			r, err := run.Load(args[0])
			if err != nil {
				return err
			}
			defer r.Close()
			if err := fetchData(cmd, r.Spec()); err != nil {
				return err
			}
			if backendName != "" {
				backend, err := backends.Open(backendName)
				if err != nil {
					return err
				}
				r.On(backend)
			}
			summary, err := trainRun(cmd, r.Wait(wait), steps)
			if err != nil {
				return err
			}
			if err := showSummary(cmd, summary, asJSON); err != nil || asJSON {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), howToGoOn(args[0], summary))
			return err
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&steps, "steps", 0, "optimizer steps to train, 0 for all that are left")
	flags.BoolVar(&wait, "wait", false, "if another process trains the run, wait for it to end")
	flags.BoolVar(&asJSON, "json", false, "print the summary as JSON")
	flags.StringVar(&backendName, "backend", "", "xla, go, or a GoMLX configuration; by default the one that the run was "+
		"trained on")
	return cmd
}

// howToGoOn says how a run goes on from where its summary says it is.
func howToGoOn(dir string, s *run.Summary) string {
	dir = shellWord(dir)
	if s.Step > 0 {
		return fmt.Sprintf("It is at step %d of %d: `dstee resume %s` goes on.", s.Step, s.Steps, dir)
	}
	return fmt.Sprintf("It has all of its %d steps. A fork goes on with more: `dstee fork %s NEW --at-step %d --steps %d`, then "+
		"`dstee resume NEW`.", s.Steps, dir, s.Steps, 2*s.Steps)
}
