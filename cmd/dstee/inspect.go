package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/internal/durable"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/trace"
)

// inspected is all that is known of a run.
type inspected struct {
	Dir         string        `json:"dir"`
	Spec        run.Spec      `json:"spec"`
	Recording   run.Recording `json:"recording"`
	ForkedFrom  *run.Origin   `json:"forked_from,omitempty"`
	State       run.State     `json:"state"`
	Checkpoints []health      `json:"checkpoints"`
	Trace       []traceHealth `json:"trace"`
	Rounds      []int         `json:"saved_rounds"` // Mask updates saved in full, for `dstee whatif`.
	Aside       []string      `json:"set_aside"`    // Files of the trace that were damaged, before the run went on without them.
}

// health is a checkpoint, and why it cannot be used.
type health struct {
	run.Health
	Problem string `json:"problem,omitempty"`
}

// traceHealth is a file of the trace, and why it cannot be read to its end.
type traceHealth struct {
	trace.Health
	Problem string `json:"problem,omitempty"`
}

// newInspect is the command "inspect".
func newInspect() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect RUN",
		Short: "Show a run's settings, its state and the health of its files",
		Long: "inspect shows what a run trains and how far it is, and reads all of its checkpoints and its trace to say whether\n" +
			"they are whole. It changes nothing, and works while the run is trained. The exit status is 1 if a file is damaged.",
		Example: "  dstee inspect runs/a\n  dstee inspect runs/a --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := inspect(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), found)
			} else {
				err = found.print(cmd.OutOrStdout())
			}
			return errors.Join(err, found.damage())
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
	files, aside, err := r.Trace()
	if err != nil {
		return nil, err
	}
	rounds, err := r.SavedRounds()
	if err != nil {
		return nil, err
	}
	all := &inspected{Dir: dir, Spec: r.Spec(), Recording: r.Recording(), ForkedFrom: r.ForkedFrom(), State: state,
		Checkpoints: []health{}, Trace: []traceHealth{}, Rounds: append([]int{}, rounds...), Aside: append([]string{}, aside...)}
	for _, c := range checkpoints {
		all.Checkpoints = append(all.Checkpoints, health{c, problem(c.Err)})
	}
	for _, f := range files {
		found := traceHealth{f, problem(f.Err)}
		if lost := filepath.Base(f.Path) == trace.FileName && 0 < f.Step && f.Step <= state.Step-all.Recording.LogEvery; lost && f.Err == nil {
			found.Problem = fmt.Sprintf("it ends before the newest checkpoint, at step %d: what was recorded in between is lost", state.Step)
		}
		all.Trace = append(all.Trace, found)
	}
	return all, nil
}

func problem(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// damage says what is damaged, and what becomes of it, nil if nothing is.
func (r *inspected) damage() (damage error) {
	bad := 0
	for _, c := range r.Checkpoints {
		if c.Err != nil {
			bad++
		}
	}
	if bad > 0 {
		damage = fmt.Errorf("%d of %d checkpoints cannot be used: `dstee resume` goes on from the newest that can",
			bad, len(r.Checkpoints))
	}
	for _, f := range r.Trace {
		switch {
		case f.Err == nil && f.Problem != "":
			damage = errors.Join(damage, fmt.Errorf("%s is not whole: %s", filepath.Base(f.Path), f.Problem))
		case f.Err != nil:
			damage = errors.Join(damage, fmt.Errorf("%s cannot be read beyond step %d: `dstee resume` sets it aside as *%s if it goes on "+
				"from a later step, and records on in a new file", filepath.Base(f.Path), f.Step, durable.AsideSuffix))
		}
	}
	return damage
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
	fmt.Fprintln(w, "checkpoint\tsize\tpinned\thealth")
	for _, c := range r.Checkpoints {
		pinned, health := "", "whole"
		if c.Pinned {
			pinned = "pinned"
		}
		if c.Err != nil {
			health = c.Problem
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", filepath.Base(c.Path), bytesText(c.Bytes), pinned, health)
	}
	if len(r.Checkpoints) == 0 {
		fmt.Fprintln(w, "none yet")
	}
	fmt.Fprintln(w, "\ntrace\tsize\tto step\thealth")
	if len(r.Trace) == 0 {
		fmt.Fprintln(w, "none yet")
	}
	for _, f := range r.Trace {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", filepath.Base(f.Path), bytesText(f.Bytes), f.Step, f.text())
	}
	for _, path := range r.Aside {
		fmt.Fprintf(w, "%s\t\t\tset aside, since it was damaged\n", filepath.Base(path))
	}
	if rounds := roundsFlag(r.Rounds); len(rounds) > 0 {
		fmt.Fprintf(w, "\nmask updates saved in full, for `dstee whatif`: %s\n", rounds.String())
	}
	return w.Flush()
}

// text says how the file is.
func (f traceHealth) text() string {
	switch {
	case f.Problem != "":
		return f.Problem
	case f.Torn > 0:
		return fmt.Sprintf("whole but for its last line, at byte %d: it is being written, or `dstee resume` cuts it off", f.Bytes-f.Torn)
	}
	return "whole"
}
