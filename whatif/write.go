package whatif

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// WriteJSON writes the report as JSON, its fields named as the tags of [Report] say.
func (r *Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// WriteText writes the report for people: of each layer, then in total, a table of the choices and one of the pairs. A dash
// stands for what is undefined.
func (r *Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "round %d, step %d, drop fraction %.4g\n", r.Round, r.Step, r.DropFraction)
	for _, l := range append(r.Layers[:len(r.Layers):len(r.Layers)], r.Total) {
		fmt.Fprintf(w, "\n%s: %d weights, %d candidates\n\n", l.Path, l.Size, l.Candidates)
		choices := [][]string{{"acquisition", "grown", "regrown", "never active", "mean visits", "threshold"}}
		for _, c := range l.Choices {
			choices = append(choices, []string{c.Acquisition, strconv.Itoa(c.Grown), strconv.Itoa(c.Regrown),
				fmt.Sprintf("%.1f%%", 100*c.NeverActiveShare()), fmt.Sprintf("%.2f", c.MeanVisits), number(c.Threshold, "%.4g")})
		}
		if err := writeTable(w, choices); err != nil {
			return err
		}
		if len(l.Pairs) == 0 {
			continue
		}
		pairs := [][]string{{"pair", "in common", "overlap", "rank correlation"}}
		for _, p := range l.Pairs {
			pairs = append(pairs, []string{p.A + ", " + p.B, strconv.Itoa(p.Common), fmt.Sprintf("%.3f", p.Overlap), number(p.Correlation, "%.3f")})
		}
		fmt.Fprintln(w)
		if err := writeTable(w, pairs); err != nil {
			return err
		}
	}
	return nil
}

// writeTable writes rows of which the first cell is a name, to the left, and the others are numbers, to the right.
func writeTable(w io.Writer, rows [][]string) error {
	width := 0
	for _, row := range rows {
		width = max(width, utf8.RuneCountInString(row[0]))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintf(t, "%-*s\t%s\t\n", width, row[0], strings.Join(row[1:], "\t"))
	}
	return t.Flush()
}

// number formats a number that may be undefined.
func number(value *float64, format string) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprintf(format, *value)
}

// WriteCSV writes the report as a table with a line per number: layer, acquisition, the acquisition that it is compared
// with (empty for the numbers of a choice), measure, value. Measures are named as in JSON; undefined values are empty.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	line := func(layer, acquisition, other, measure, value string) {
		_ = out.Write([]string{layer, acquisition, other, measure, value}) // Kept by out, see Error below.
	}
	exact := func(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
	optional := func(value *float64) string {
		if value == nil {
			return ""
		}
		return exact(*value)
	}
	line("layer", "acquisition", "other", "measure", "value")
	for _, l := range append(r.Layers[:len(r.Layers):len(r.Layers)], r.Total) {
		for _, c := range l.Choices {
			line(l.Path, c.Acquisition, "", "grown", strconv.Itoa(c.Grown))
			line(l.Path, c.Acquisition, "", "regrown", strconv.Itoa(c.Regrown))
			line(l.Path, c.Acquisition, "", "never_active", strconv.Itoa(c.NeverActive))
			line(l.Path, c.Acquisition, "", "mean_visits", exact(c.MeanVisits))
			line(l.Path, c.Acquisition, "", "threshold", optional(c.Threshold))
		}
		for _, p := range l.Pairs {
			line(l.Path, p.A, p.B, "common", strconv.Itoa(p.Common))
			line(l.Path, p.A, p.B, "overlap", exact(p.Overlap))
			line(l.Path, p.A, p.B, "rank_correlation", optional(p.Correlation))
		}
	}
	out.Flush()
	return out.Error()
}

// WriteJSON writes the curve as JSON.
func (c *Curve) WriteJSON(w io.Writer) error { return writeJSON(w, c) }

// WriteText writes the curve as a table for people.
func (c *Curve) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "round %d, step %d, ε %g\n\n", c.Round, c.Step, c.Epsilon)
	rows := [][]string{{"c", "overlap with RigL", "least visited", "never active", "mean visits"}}
	for _, p := range c.Points {
		rows = append(rows, []string{fmt.Sprintf("%.4g", p.C), fmt.Sprintf("%.3f", p.RigL), fmt.Sprintf("%.1f%%", 100*p.LeastVisited),
			fmt.Sprintf("%.1f%%", 100*p.NeverActiveShare), fmt.Sprintf("%.2f", p.MeanVisits)})
	}
	return writeTable(w, rows)
}

// WriteCSV writes the curve as a table, its columns named as in JSON.
func (c *Curve) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"c", "overlap_rigl", "least_visited_share", "never_active_share", "mean_visits"}) // Kept, see Error below.
	for _, p := range c.Points {
		var line []string
		for _, value := range []float64{p.C, p.RigL, p.LeastVisited, p.NeverActiveShare, p.MeanVisits} {
			line = append(line, strconv.FormatFloat(value, 'g', -1, 64))
		}
		_ = out.Write(line)
	}
	out.Flush()
	return out.Error()
}
