package main

import (
	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/run"
)

// point is a point of a run, given by --at-round or --at-step.
type point struct{ round, step int }

// flags adds the flags of a point after which to do something.
func (p *point) flags(cmd *cobra.Command, do string) {
	flags := cmd.Flags()
	flags.IntVar(&p.round, "at-round", 0, "the mask update after which to "+do+", counted from 1; 0 is the beginning")
	flags.IntVar(&p.step, "at-step", p.step, "the optimizer step after which to "+do+"; 0 is the beginning")
	cmd.MarkFlagsMutuallyExclusive("at-round", "at-step")
}

// of returns the point's step in the run.
func (p *point) of(cmd *cobra.Command, r *run.Run) (step int, err error) {
	if cmd.Flags().Changed("at-round") {
		return r.AtRound(p.round)
	}
	return p.step, nil
}
