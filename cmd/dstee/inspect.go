package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/run"
)

// inspected is all that is known of a run.
type inspected struct {
	Dir         string        `json:"dir"`
	Spec        run.Spec      `json:"spec"`
	Recording   run.Recording `json:"recording"`
	ForkedFrom  *run.Origin   `json:"forked_from,omitempty"`
	State       run.State     `json:"state"`
	Checkpoints []health      `json:"checkpoints"`
}

// health is a checkpoint, and why it cannot be used.
type health struct {
	run.Health
	Problem string `json:"problem,omitempty"`
}

// newInspect is the command "inspect".
func newInspect() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect DIR",
		Short: "Show a run's settings, its state and the health of its checkpoints",
		Long: "inspect shows what a run trains, how far it is, and reads all of its checkpoints to say whether they are whole. It\n" +
			"changes nothing, and works while the run is trained. The exit status is 1 if a checkpoint cannot be used.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := inspect(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd, found)
			} else {
				err = found.print(cmd.OutOrStdout())
			}
			if bad := found.bad(); err == nil && bad > 0 {
				err = fmt.Errorf("%d of %d checkpoints cannot be used: `dstee resume` goes on from the newest that can",
					bad, len(found.Checkpoints))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

// inspect looks at the run in a folder.
func inspect(dir string) (*inspected, error) {
	r, err := run.Load(dir)
	if err != nil {
		return nil, err
	}
	state, err := r.State()
	if err != nil {
		return nil, err
	}
	checkpoints, err := r.Checkpoints()
	if err != nil {
		return nil, err
	}
	all := &inspected{Dir: dir, Spec: r.Spec(), Recording: r.Recording(), ForkedFrom: r.ForkedFrom(), State: state,
		Checkpoints: []health{}}
	for _, c := range checkpoints {
		h := health{Health: c}
		if c.Err != nil {
			h.Problem = c.Err.Error()
		}
		all.Checkpoints = append(all.Checkpoints, h)
	}
	return all, nil
}

// bad is the number of checkpoints that cannot be used.
func (r *inspected) bad() int {
	n := 0
	for _, c := range r.Checkpoints {
		if c.Err != nil {
			n++
		}
	}
	return n
}

// print prints it for people.
func (r *inspected) print(out io.Writer) error {
	spec, err := json.MarshalIndent(r.Spec, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: step %d of %d, %s, test accuracy %s\n",
		r.Dir, r.State.Step, r.Spec.Steps, statusText(&r.State), accuracyText(&r.State))
	if r.ForkedFrom != nil {
		fmt.Fprintf(out, "forked from %s at step %d\n", r.ForkedFrom.Dir, r.ForkedFrom.Step)
	}
	fmt.Fprintf(out, "%s\n\n", spec)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "checkpoint\tbytes\tpinned\thealth")
	for _, c := range r.Checkpoints {
		pinned, health := "", "whole"
		if c.Pinned {
			pinned = "pinned"
		}
		if c.Err != nil {
			health = c.Problem
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", filepath.Base(c.Path), c.Bytes, pinned, health)
	}
	return w.Flush()
}
