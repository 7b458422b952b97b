package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/run"
)

// newRewind is the command "rewind".
func newRewind() *cobra.Command {
	var at point
	cmd := &cobra.Command{
		Use:   "rewind RUN",
		Short: "Take a run back to one of its checkpoints",
		Long: "rewind takes a run back to a checkpoint that it kept, or to its beginning. It asks nothing, and says what it\n" +
			"removes: the checkpoints after that point, pinned ones too, saved mask updates, what was recorded since, and the\n" +
			"result. `dstee inspect RUN` lists the checkpoints. `dstee resume RUN` then trains on, to the same end; to keep the\n" +
			"run and go another way from there, `dstee fork` it. It refuses while another process trains the run.",
		Example: "  dstee rewind runs/a --at-round 5\n  dstee rewind runs/a --at-step 0",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := run.Load(args[0])
			if err != nil {
				return err
			}
			defer r.Close()
			step, err := at.of(cmd, r)
			if err != nil {
				return err
			}
			removed, err := r.Rewind(step)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is at step %d of %d again: `dstee resume %s` goes on.\nRemoved: %s.\n",
				args[0], step, r.Spec().Steps, shellWord(args[0]), removedText(removed))
			return err
		},
	}
	at.flags(cmd, "go on")
	cmd.MarkFlagsOneRequired("at-round", "at-step")
	return cmd
}

// removedText says what was removed.
func removedText(r run.Rewound) string {
	text := fmt.Sprintf("%s, %s, and what was recorded after it", counted(r.Checkpoints, "checkpoint"), counted(r.Rounds, "saved mask update"))
	if r.Summary {
		text += ", with the result"
	}
	return text
}
