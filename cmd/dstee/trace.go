package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/trace"
)

// newTrace is the command "trace".
func newTrace() *cobra.Command {
	var table string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "trace RUN",
		Short: "Show what a run recorded, also while it trains",
		Long: "trace reads the record of a run, RUN being its folder or the file trace.jsonl itself, and prints what became of\n" +
			"each layer, or a table of its steps or mask updates for other programs. Of a damaged record it shows what comes\n" +
			"before the damage, says where that is, and exits with status 1.",
		Example: "  dstee trace runs/first\n  dstee trace runs/first --csv steps > loss.csv\n  dstee trace runs/first --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			reader, err := trace.Open(args[0])
			if err != nil {
				return unrecorded(args[0], err)
			}
			defer reader.Close()
			out := cmd.OutOrStdout()
			if table != "" {
				return trace.WriteCSV(out, reader, table)
			}
			summary, damage := trace.Summarize(reader)
			if asJSON {
				return errors.Join(printJSON(out, summary), damage)
			}
			return errors.Join(printTrace(out, summary), damage)
		},
	}
	cmd.Flags().StringVar(&table, "csv", "", "print a table as CSV: "+strings.Join(trace.Tables, ", "))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON")
	cmd.MarkFlagsMutuallyExclusive("csv", "json")
	return cmd
}

// unrecorded says why the record of a run cannot be opened, of one that has none what there is instead.
func unrecorded(dir string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, none := run.Load(dir); none != nil {
		return none
	}
	return fmt.Errorf("%s has recorded nothing yet: train it with `dstee resume %s`", dir, shellWord(dir))
}

// printTrace prints the summary of a trace for people.
func printTrace(out io.Writer, s *trace.Summary) error {
	if s.Total != nil {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		width := len("layer")
		for _, l := range s.Layers {
			width = max(width, len(l.Path))
		}
		fmt.Fprintf(w, "%-*s\tshape\tweights\tactive\tdensity\texplored\tchurn\tsimilarity\t\n", width, "layer")
		for _, l := range append(s.Layers, *s.Total) {
			fmt.Fprintf(w, "%-*s\t%s\t%d\t%d\t%s\t%s\t%.2f\t%.2f\t\n", width, l.Path, shapeText(l.Shape), l.Size, l.Active,
				percentText(l.Density), percentText(l.Explored), l.Churn, l.Similarity)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out, "\nChurn: weights that became active, per active weight. "+
			"Similarity: of the first mask and the last (Jaccard index).")
	}
	fmt.Fprintf(out, "%s, %s", counted(s.Steps, "logged step"), counted(s.Updates, "mask update"))
	if s.Skipped > 0 {
		fmt.Fprintf(out, ", %d skipped", s.Skipped)
	}
	fmt.Fprintln(out, ".")
	if s.Last != nil {
		fmt.Fprintf(out, "Step %d: %s.\n", s.Last.Step, scalarsText(s.Last.Scalars))
	}
	return nil
}

// scalarsText is a list such as "density 0.05, loss 0.1234".
func scalarsText(scalars trace.Scalars) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(scalars)) {
		parts = append(parts, strings.ReplaceAll(name, "_", " ")+" "+strconv.FormatFloat(scalars[name], 'g', 4, 64))
	}
	return strings.Join(parts, ", ")
}
