package compare

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteText writes the table for a terminal, with what it says in sentences below it.
func (t *Table) WriteText(out io.Writer) error {
	head, rows := t.text()
	width := 0
	for _, row := range rows {
		width = max(width, len([]rune(row[0])))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range append([][]string{head}, rows...) { // Names are to the left, all else to the right.
		fmt.Fprintf(w, "%-*s\t%s\t\n", width, row[0], strings.Join(row[1:], "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s\n", strings.Join(t.Remarks(), "\n"))
	return err
}

// WriteMarkdown writes the table for a README, with what it says in sentences below it.
func (t *Table) WriteMarkdown(out io.Writer) error {
	head, rows := t.text()
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	b.WriteString("|---|" + strings.Repeat("---:|", len(head)-1) + "\n")
	for _, row := range rows {
		row[0] = strings.ReplaceAll(row[0], "|", `\|`)
		line(row)
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(t.Remarks(), "\n"))
	_, err := io.WriteString(out, b.String())
	return err
}

// text is the table's head and cells, for people. AUC and validation have columns where there are any.
func (t *Table) text() (head []string, rows [][]string) {
	minus := "minus " + t.Baseline + ", points"
	first := t.Rows[0]
	head = []string{"", "sparsity", "accuracy, %", minus, ""}
	if first.AUC != nil {
		head = append(head, "AUC, %", minus, "")
	}
	if first.Valid != nil {
		head = append(head, "validation, %")
	}
	head = append(head, "explored", "churn", "FLOPs", "ms/step")
	for _, row := range t.Rows {
		cells := []string{row.Contender, percentName(row.Sparsity) + "%",
			row.Accuracy.percent(), row.Difference.points(), string(row.Verdict)}
		if first.AUC != nil {
			cells = append(cells, row.AUC.percent(), row.AUCDifference.points(), string(row.AUCVerdict))
		}
		if first.Valid != nil {
			cells = append(cells, row.Valid.percent())
		}
		rows = append(rows, append(cells, fmt.Sprintf("%.1f%%", 100*row.ExplorationRate), fmt.Sprintf("%.2f", row.Churn),
			fmt.Sprintf("%.3f", row.FLOPsRatio), fmt.Sprintf("%.2f", 1000*row.SecondsPerStep)))
	}
	return head, rows
}

// percent is a mean share in percent and half its interval.
func (e *Estimate) percent() string {
	if e == nil {
		return ""
	}
	text := fmt.Sprintf("%.2f", 100*e.Mean)
	if i := e.Interval; i != nil {
		text += fmt.Sprintf(" ± %.2f", 100*(i.High-i.Low)/2)
	}
	return text
}

// points is a mean difference in percentage points and its interval.
func (e *Estimate) points() string {
	if e == nil {
		return ""
	}
	text := points(e.Mean)
	if i := e.Interval; i != nil {
		text += fmt.Sprintf(" [%s, %s]", points(i.Low), points(i.High))
	}
	return text
}

// points is a difference in percentage points, with its sign unless it is 0.
func points(difference float64) string {
	text := fmt.Sprintf("%+.2f", 100*difference)
	if strings.Trim(text, "+-0.") == "" {
		return "0.00"
	}
	return text
}

// Remarks says in sentences what the table rests on, and what it does not show.
func (t *Table) Remarks() []string {
	seeds := 0
	for _, row := range t.Rows {
		seeds = max(seeds, row.Accuracy.N)
	}
	remarks := []string{t.setting()}
	switch {
	case seeds == 1:
		remarks = append(remarks, "One seed: there are no intervals, and nothing is shown.")
	case seeds < MinBootstrap:
		remarks = append(remarks, fmt.Sprintf("±: 95%% intervals of the mean over %d seeds; [ ]: of paired differences; both by "+
			"Student's t, which takes what it is of to be normal: more seeds tell more.", seeds))
	default:
		remarks = append(remarks, fmt.Sprintf("±: 95%% intervals of the mean over %d seeds, by Student's t; "+
			"[ ]: of paired differences, by the bootstrap.", seeds))
	}
	var notShown []string
	comparisons := 0
	for _, row := range t.Rows {
		if row.Verdict == NotShown {
			notShown = append(notShown, fmt.Sprintf("%s at %s%%", row.Contender, percentName(row.Sparsity)))
		}
		if row.AUCVerdict == NotShown {
			notShown = append(notShown, fmt.Sprintf("%s at %s%% in AUC", row.Contender, percentName(row.Sparsity)))
		}
		for _, v := range []Verdict{row.Verdict, row.AUCVerdict} {
			if v == NotShown || v == Better || v == Worse {
				comparisons++
			}
		}
	}
	if len(notShown) > 0 {
		remarks = append(remarks, fmt.Sprintf("No difference from %s shown at n=%d (the interval covers 0): %s.",
			t.Baseline, seeds, strings.Join(notShown, ", ")))
	}
	if comparisons > 1 {
		remarks = append(remarks, fmt.Sprintf("Of %d comparisons at 95%%, %.1f would look like a difference by chance alone.",
			comparisons, (1-Confidence)*float64(comparisons)))
	}
	return remarks
}

// setting says on what all contenders trained.
func (t *Table) setting() string {
	first := t.Results[0]
	var steps []string
	for _, r := range t.Results {
		if text := strconv.Itoa(r.Spec.Steps); !slices.Contains(steps, text) {
			steps = append(steps, text)
		}
	}
	examples := first.Summary.TestExamples
	return fmt.Sprintf("%s on %s, %s steps, backend %s; accuracy on %d test examples after the last step, of which one is "+
		"%.2f points.", first.Spec.Model, first.Spec.Data, strings.Join(steps, " or "), first.Summary.Backend, examples,
		100/float64(examples))
}
