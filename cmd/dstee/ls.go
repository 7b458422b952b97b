package main

import (
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/run"
)

// listed is a run in a list.
type listed struct {
	Dir   string     `json:"dir"`
	Spec  *run.Spec  `json:"spec,omitempty"`
	State *run.State `json:"state,omitempty"`
	Error string     `json:"error,omitempty"` // Why the run cannot be read.
}

// newLs is the command "ls".
func newLs() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls [DIR]",
		Short: "List the runs in a folder and the folders under it",
		Long: "ls lists the runs in the folder DIR, by default this one, and the folders under it: method, sparsity asked for, seed,\n" +
			"the step of the newest checkpoint, test accuracy when it was last evaluated, and whether it is new, in training,\n" +
			"stopped or finished.",
		Example: "  dstee ls runs",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return fmt.Errorf("there is no folder %s to list the runs of", dir)
			}
			dirs, err := run.Find(dir)
			if err != nil {
				return err
			}
			runs := []listed{}
			for _, dir := range dirs {
				runs = append(runs, look(dir))
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), runs)
			}
			if len(runs) == 0 {
				_, err := fmt.Fprintf(cmd.ErrOrStderr(), "There are no runs in %s and the folders under it: `dstee train --out DIR` makes one.\n", dir)
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "run\tmethod\tsparsity\tseed\tstep\taccuracy\tstate")
			for _, r := range runs {
				name, err := filepath.Rel(dir, r.Dir)
				if err != nil {
					name = r.Dir
				}
				fmt.Fprintf(w, "%s\t%s\n", name, r.cells())
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return cmd
}

// look reads the run in a folder.
func look(dir string) listed {
	r, err := run.Load(dir)
	if err != nil {
		return listed{Dir: dir, Error: err.Error()}
	}
	spec := r.Spec()
	state, err := r.State()
	if err != nil {
		return listed{Dir: dir, Spec: &spec, Error: err.Error()}
	}
	return listed{Dir: dir, Spec: &spec, State: &state}
}

// cells are the run's cells of the table, but for its name.
func (l listed) cells() string {
	if l.Error != "" {
		return "\t\t\t\t\t" + l.Error
	}
	return fmt.Sprintf("%s\t%s\t%d\t%d of %d\t%s\t%s", l.Spec.Method, percentText(l.Spec.Sparsity), l.Spec.Seed,
		l.State.Step, l.Spec.Steps, accuracyText(l.State), statusText(l.State))
}

func accuracyText(state *run.State) string {
	if state.Accuracy == nil {
		return "-"
	}
	return percentText(*state.Accuracy)
}

func statusText(state *run.State) string {
	if state.Holder != nil {
		return fmt.Sprintf("%s by process %d on %s", state.Status, state.Holder.PID, state.Holder.Host)
	}
	return state.Status
}
