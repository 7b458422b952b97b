package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/compare"
	"github.com/sparsekernel/sparsekernel/run"
)

// comparison is what the flags of "compare" say.
type comparison struct {
	base                        run.Spec
	methods                     []string
	acquisitions                []string
	sparsities, seeds           string
	baseline, backend, out      string
	jobs                        int
	anyBuild                    bool
	asMarkdown, asJSON, withCSV bool
}

// newCompare is the command "compare".
func newCompare() *cobra.Command {
	c := &comparison{base: run.Default()}
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Compare methods over sparsities and seeds, with intervals",
		Long: "compare trains each method and formula at each sparsity with each seed (dense training once per seed), and prints\n" +
			"mean accuracies with 95% intervals and differences from a baseline, paired by seed.\n\n" +
			"Each finished run is a file in the folder --out: the same command goes on after an interruption, and a larger one\n" +
			"trains only what is missing. Runs are trained again if a setting that decides their outcome has changed, the\n" +
			"backend, or the program itself.",
		Example: "  dstee compare\n" +
			"  dstee compare --methods static,rigl,dst-ee --sparsities 90,95,98 --seeds 0-9 --baseline rigl --markdown\n" +
			"  dstee compare --methods static,dst-ee:c=1e-2,dst-ee:c=1e-1 --acquisition 'rare: abs(g)/(n+1)'",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			table, err := c.run(cmd)
			if err != nil {
				return err
			}
			return errors.Join(c.print(cmd.OutOrStdout(), table), c.writeCSV(cmd.ErrOrStderr(), table))
		},
	}
	c.flags(cmd.Flags())
	sharedSpecFlags(cmd.Flags(), &c.base)
	cmd.MarkFlagsMutuallyExclusive("markdown", "json")
	backendFlag(cmd, &c.backend)
	return cmd
}

func (c *comparison) flags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&c.methods, "methods", []string{"dense", "static", "set", "rigl", "dst-ee"},
		"methods, with settings of their own after colons, such as dst-ee:c=0.01: "+strings.Join(run.MethodNames(), ", "))
	flags.StringArrayVar(&c.acquisitions, "acquisition", nil,
		"a formula to grow by, such as 'rare: abs(g)/(n+1)', with or without a name; may be repeated")
	flags.StringVar(&c.sparsities, "sparsities", "0.95", "shares of the weights that are inactive, or percents: 0.9,0.95 or 90,95")
	flags.StringVar(&c.seeds, "seeds", "5", "how many seeds, or which: 5, 0-4, 1,3,10-12")
	flags.StringVar(&c.baseline, "baseline", "",
		"contender to compare with; by default static if it takes part, else dense, else the first")
	flags.StringVar(&c.out, "out", filepath.Join("runs", "compare"), "folder that keeps the result of each run")
	flags.IntVar(&c.jobs, "jobs", compare.DefaultJobs(), "runs at once; changes the time per step, and no other result")
	flags.BoolVar(&c.anyBuild, "any-build", false, "keep results of other builds of this program, which may train otherwise")
	flags.BoolVar(&c.asMarkdown, "markdown", false, "print the table in Markdown")
	flags.BoolVar(&c.asJSON, "json", false, "print the table and all results as JSON")
	flags.BoolVar(&c.withCSV, "csv", false, "write results.csv, with a row for each run, and table.csv to the folder as well")
}

// run trains what is missing, and returns the table.
func (c *comparison) run(cmd *cobra.Command) (*compare.Table, error) {
	// All is checked before the backend is looked for, which may take a download.
	contenders, err := c.contenders()
	if err != nil {
		return nil, err
	}
	cells, err := c.cells(contenders)
	if err != nil {
		return nil, err
	}
	if c.baseline == "" {
		c.baseline = compare.DefaultBaseline(contenders)
	}
	if err := compare.CheckBaseline(cells, c.baseline); err != nil {
		return nil, err
	}
	if c.jobs < 1 {
		return nil, fmt.Errorf("jobs must be at least 1, got %d", c.jobs)
	}
	backend, err := backends.Open(c.backend)
	if err != nil {
		return nil, err
	}
	runner, err := compare.NewRunner(backend, c.out)
	if err != nil {
		return nil, err
	}
	progress := newCompareProgress(cmd.ErrOrStderr())
	runner.Jobs, runner.Folder.AnyBuild, runner.Observer = c.jobs, c.anyBuild, progress.observer()
	runner.Fetch = func(_ context.Context, spec run.Spec) error { return fetchData(cmd, spec) }
	results, err := runner.Run(cmd.Context(), cells)
	progress.close()
	if errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("%w; the same command goes on", err)
	}
	if err != nil {
		return nil, err
	}
	return compare.NewTable(results, c.baseline)
}

// contenders are the methods and formulas of the flags.
func (c *comparison) contenders() ([]compare.Contender, error) {
	var contenders []compare.Contender
	for _, text := range c.methods {
		contender, err := methodContender(c.base, strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		contenders = append(contenders, contender)
	}
	for _, text := range c.acquisitions {
		contender, err := formulaContender(c.base, text)
		if err != nil {
			return nil, err
		}
		contenders = append(contenders, contender)
	}
	return contenders, nil
}

// cells are the runs of the comparison.
func (c *comparison) cells(contenders []compare.Contender) ([]compare.Cell, error) {
	sparsities, err := compare.ParseSparsities(c.sparsities)
	if err != nil {
		return nil, err
	}
	seeds, err := compare.ParseSeeds(c.seeds)
	if err != nil {
		return nil, err
	}
	return compare.Grid{Contenders: contenders, Sparsities: sparsities, Seeds: seeds}.Cells()
}

// print prints the table in the form that was asked for.
func (c *comparison) print(out io.Writer, table *compare.Table) error {
	switch {
	case c.asJSON:
		return printJSON(out, table)
	case c.asMarkdown:
		return table.WriteMarkdown(out)
	default:
		return table.WriteText(out)
	}
}

// writeCSV writes the CSV files, if asked for, and says where they are.
func (c *comparison) writeCSV(log io.Writer, table *compare.Table) error {
	if !c.withCSV {
		return nil
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"results.csv", func(out io.Writer) error { return compare.WriteResultsCSV(out, table.Results) }},
		{"table.csv", table.WriteCSV},
	} {
		path := filepath.Join(c.out, file.name)
		out, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := errors.Join(file.write(out), out.Close()); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		fmt.Fprintf(log, "Wrote %s\n", path)
	}
	return nil
}
