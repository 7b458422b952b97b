package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/views"
)

// newReport is the command "report".
func newReport() *cobra.Command {
	var file, title, pictures string
	cmd := &cobra.Command{
		Use:   "report RUN [RUN…]",
		Short: "Put figures of runs into one HTML file",
		Long: "report reads the records of runs, given by their folders, and writes one HTML file with figures of them. It needs\n" +
			"no network and no other file: send it, or show it to a class. Of one run it shows all there is to see; of several\n" +
			"how they compare, those that differ in nothing but the seed as one with a band.",
		Example: "  dstee report runs/first\n  dstee report runs/rigl runs/dst-ee-* -o compared.html --title 'Does exploration pay?'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			heading, figures, damage := figuresOf(args)
			if len(figures) == 0 {
				return damage
			}
			page := views.Report(cmp.Or(title, heading), figures...)
			if pictures != "" {
				if err := writePictures(pictures, figures); err != nil {
					return errors.Join(err, damage)
				}
			}
			if file == "-" {
				_, err := io.WriteString(cmd.OutOrStdout(), page)
				return errors.Join(err, damage)
			}
			if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
				return errors.Join(err, damage)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Wrote %s, %s: open it in a browser.\n", file, bytesText(int64(len(page))))
			return damage
		},
	}
	cmd.Flags().StringVarP(&file, "out", "o", "report.html", "the file to write, - for standard output")
	cmd.Flags().StringVar(&pictures, "svg", "", "a folder to write the picture of each figure to as SVG, too")
	cmd.Flags().StringVar(&title, "title", "", "the heading; by default the names of the runs")
	return cmd
}

// writePictures writes figures to a folder, each to a file named after its topic.
func writePictures(dir string, figures []*views.Figure) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing pictures: %w", err)
	}
	for _, f := range figures {
		words := strings.FieldsFunc(strings.ToLower(f.Topic+" "+f.Layer), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})
		if err := os.WriteFile(filepath.Join(dir, strings.Join(words, "-")+".svg"), []byte(f.SVG()), 0o644); err != nil {
			return fmt.Errorf("writing pictures: %w", err)
		}
	}
	return nil
}

// figuresOf returns the figures of the runs in the given folders, and a heading. Of damaged records they show what comes
// before the damage, and the error says where that is.
func figuresOf(dirs []string) (heading string, figures []*views.Figure, damage error) {
	fail := func(err error) (string, []*views.Figure, error) { return "", nil, err }
	var runs []*views.Run
	var names []string
	for _, dir := range dirs {
		r, err := views.Open(dir)
		if err != nil {
			return fail(unrecorded(dir, err))
		}
		defer r.Close()
		if r.Damage != nil {
			damage = errors.Join(damage, r.Damage)
		}
		runs, names = append(runs, r), append(names, r.Name)
	}
	summaries := make([]run.Summary, len(runs))
	for i, dir := range dirs {
		summaries[i] = summaryOf(dir)
	}
	groups, err := groupBySeed(runs, dirs, summaries)
	if err != nil {
		return fail(err)
	}
	figures, err = views.Figures(groups...)
	if err != nil {
		return fail(err)
	}
	if len(runs) == 1 {
		allocation, err := allocationOf(runs[0])
		if err != nil {
			return fail(err)
		}
		figures = append(figures, allocation...)
	}
	if len(figures) == 0 {
		err := fmt.Errorf("there is nothing to show yet in %s: no step is logged, no mask recorded", strings.Join(dirs, ", "))
		return fail(errors.Join(err, damage))
	}
	figures = slices.Insert(figures, 0, outcomesOf(runs, summaries))
	heading = "Sparse training: " + strings.Join(names, ", ")
	if len(names) > 3 {
		heading = fmt.Sprintf("Sparse training: %d runs", len(names))
	}
	return heading, figures, damage
}

// groupBySeed puts runs whose specs differ in nothing but the seed together.
func groupBySeed(runs []*views.Run, dirs []string, summaries []run.Summary) ([]views.Group, error) {
	var groups []views.Group
	of := map[string]int{}
	for i, r := range runs {
		spec := map[string]any{}
		if err := r.Meta(&spec); err != nil {
			return nil, err
		}
		_, seeded := spec["seed"]
		delete(spec, "seed")
		encoded, err := json.Marshal(spec) // Keys are sorted.
		if err != nil {
			return nil, fmt.Errorf("the spec of %s: %w", dirs[i], err)
		}
		key := string(encoded)
		at, found := of[key]
		if !found || !seeded {
			at = len(groups)
			of[key] = at
			groups = append(groups, views.Group{Name: r.Name, Cost: summaries[i].FLOPsRatio})
		}
		groups[at].Runs = append(groups[at].Runs, r)
	}
	for i, g := range groups {
		if n := len(g.Runs); n > 1 {
			groups[i].Name = fmt.Sprintf("%s, %d seeds", commonName(g.Runs), n)
		}
	}
	return groups, nil
}

// commonName is what the names of runs begin with.
func commonName(runs []*views.Run) string {
	common := runs[0].Name
	for _, r := range runs[1:] {
		for !strings.HasPrefix(r.Name, common) {
			common = common[:len(common)-1]
		}
	}
	if name := strings.TrimRight(common, "-_. "); name != "" {
		return name
	}
	return runs[0].Name
}

// summaryOf is the summary in a run's folder; the zero summary if there is none yet.
func summaryOf(dir string) run.Summary {
	var summary run.Summary
	data, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil || json.Unmarshal(data, &summary) != nil {
		return run.Summary{}
	}
	return summary
}

// outcomesOf is the table of what came of runs.
func outcomesOf(runs []*views.Run, summaries []run.Summary) *views.Figure {
	outcomes := make([]views.Outcome, len(runs))
	for i, s := range summaries {
		outcomes[i] = views.Outcome{Run: runs[i], Accuracy: math.NaN(), Examples: s.TestExamples, Cost: s.FLOPsRatio}
		if s.TestExamples > 0 {
			outcomes[i].Accuracy = s.Accuracy
		}
	}
	return views.Outcomes(outcomes...)
}

// allocationOf shows how the run's distribution shares densities out among its layers, if the record says which it is.
func allocationOf(r *views.Run) ([]*views.Figure, error) {
	var spec run.Spec
	if err := r.Meta(&spec); err != nil {
		return nil, err
	}
	distribution, found := dstee.Distributions[spec.Distribution]
	applied := r.Applied()
	if !found || len(applied) == 0 {
		return nil, nil
	}
	var shapes [][]int
	var layers []views.LayerSize
	for _, l := range applied[0].Layers {
		shapes, layers = append(shapes, slices.Clone(l.Shape)), append(layers, views.LayerSize{Name: l.Path, Size: l.Size})
	}
	sparsity := min(.99, max(.5, spec.Sparsity)) // What the figure can show.
	f, err := views.Allocation(strings.ToUpper(spec.Distribution), layers, sparsity, func(density float64) []float64 {
		return distribution(shapes, density)
	})
	if err != nil {
		return nil, err
	}
	return []*views.Figure{f}, nil
}
