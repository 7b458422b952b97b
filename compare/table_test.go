package compare

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run"
)

// fixedResults are results of dense, static and rigl at 90% and 98%, of six seeds. At 90% rigl differs from static by one
// image up or down; at 98% it is better by two to four images.
func fixedResults(seeds int) []Result {
	var results []Result
	add := func(method string, sparsity float64, seed, correct int, explored, churn float64) {
		cell := contender(method).cell(sparsity, int64(seed))
		summary := &run.Summary{Spec: cell.Spec, Backend: "xla", Sparsity: sparsity, TargetSparsity: sparsity,
			ExplorationRate: explored, Accuracy: float64(float32(correct) / 360), FLOPsRatio: 1 - sparsity, TestExamples: 360,
			SecondsPerStep: 0.001 * float64(seed+1)}
		if method != run.Dense {
			summary.Layers = []run.Layer{{Active: 100, Churn: churn}, {Active: 300, Churn: churn}}
		}
		results = append(results, Result{Cell: cell, Summary: summary})
	}
	for seed := range seeds {
		add(run.Dense, 0, seed, 356+seed%2, 1, 0)
		add(run.Static, 0.9, seed, 350+seed, 0.1, 0)
		add("rigl", 0.9, seed, 350+seed+1-2*(seed%2), 0.3, 2)
		add(run.Static, 0.98, seed, 330-seed, 0.02, 0)
		add("rigl", 0.98, seed, 330-seed+2+seed%3, 0.07, 2.5)
	}
	return results
}

func newTable(t *testing.T, seeds int, baseline string) *Table {
	t.Helper()
	table, err := NewTable(fixedResults(seeds), baseline)
	require.NoError(t, err)
	return table
}

func TestTable(t *testing.T) {
	table := newTable(t, 6, run.Static)
	require.Len(t, table.Rows, 5)
	dense, static, rigl, _, sparseRigl := table.Rows[0], table.Rows[1], table.Rows[2], table.Rows[3], table.Rows[4]

	require.InDelta(t, 356.5/360, dense.Accuracy.Mean, 1e-7)
	require.Nil(t, dense.Difference, "there is no static training of sparsity 0")
	require.Equal(t, 0.003, dense.SecondsPerStep)
	require.Nil(t, static.Difference)
	require.Equal(t, NotApplicable, static.Verdict)
	require.Equal(t, 2.0, rigl.Churn)
	require.InDelta(t, 0, rigl.Difference.Mean, 1e-7)
	require.Equal(t, NotShown, rigl.Verdict)
	require.InDelta(t, 3.0/360, sparseRigl.Difference.Mean, 1e-7)
	require.Equal(t, Better, sparseRigl.Verdict)
}

// Dense training is a baseline for all sparsities, and pairs go by seed, in whatever order they come.
func TestTableAgainstDense(t *testing.T) {
	results := fixedResults(6)
	want, err := NewTable(results, run.Dense)
	require.NoError(t, err)
	for _, row := range want.Rows[1:] {
		require.Equal(t, 6, row.Difference.N)
		require.Less(t, row.Difference.Mean, 0.0)
	}
	require.Equal(t, Worse, want.Rows[4].Verdict)

	reordered := results[:5:5] // The first row of each place stays, as the order of the rows goes by it.
	for i := len(results) - 1; i >= 5; i-- {
		reordered = append(reordered, results[i])
	}
	got, err := NewTable(reordered, run.Dense)
	require.NoError(t, err)
	for i := range want.Rows {
		require.InDelta(t, want.Rows[i].Accuracy.Mean, got.Rows[i].Accuracy.Mean, 1e-12)
		if want.Rows[i].Difference != nil {
			require.Equal(t, want.Rows[i].Difference.Interval, got.Rows[i].Difference.Interval)
		}
	}
}

// Differences of three seeds, +2, +3 and +4 images of 360, have Student's interval: 3 ± 4.303·1/√3. One seed has none.
func TestTableOfFewSeeds(t *testing.T) {
	row := newTable(t, 3, run.Static).Rows[4]
	require.InDelta(t, (3-2.4843)/360, row.Difference.Interval.Low, 1e-6)
	require.InDelta(t, (3+2.4843)/360, row.Difference.Interval.High, 1e-6)
	require.Equal(t, Better, row.Verdict)

	row = newTable(t, 1, run.Static).Rows[4]
	require.Nil(t, row.Difference.Interval)
	require.Equal(t, TooFewSeeds, row.Verdict)
}

// Accuracies that are equal but for their rounding to Float32 are no difference.
func TestTableOfEqualAccuracies(t *testing.T) {
	results := fixedResults(6)
	for i := range results {
		results[i].Summary.Accuracy = 0.9
		if results[i].Contender == "rigl" {
			results[i].Summary.Accuracy += 1.5e-8
		}
	}
	table, err := NewTable(results, run.Static)
	require.NoError(t, err)
	require.Equal(t, NotShown, table.Rows[2].Verdict)
}

func TestTableErrors(t *testing.T) {
	_, err := NewTable(fixedResults(1), "set")
	require.EqualError(t, err, `the baseline "set" is not among what is compared: dense, static, rigl`)
	_, err = NewTable(nil, "set")
	require.EqualError(t, err, "a table of no results")
}

func TestDefaultBaseline(t *testing.T) {
	require.Equal(t, "static", DefaultBaseline([]Contender{contender("dense"), contender("rigl"), contender("static")}))
	require.Equal(t, "dense", DefaultBaseline([]Contender{contender("rigl"), contender("dense")}))
	require.Equal(t, "rigl", DefaultBaseline([]Contender{contender("rigl"), contender("set")}))
}

// The forms of a table are those of files that people have read. To renew them: UPDATE_GOLDEN=1 go test ./compare
func TestGolden(t *testing.T) {
	table := newTable(t, 6, run.Static)
	forms := map[string]func(*bytes.Buffer) error{
		"table.txt":   func(b *bytes.Buffer) error { return table.WriteText(b) },
		"table.md":    func(b *bytes.Buffer) error { return table.WriteMarkdown(b) },
		"table.csv":   func(b *bytes.Buffer) error { return table.WriteCSV(b) },
		"results.csv": func(b *bytes.Buffer) error { return WriteResultsCSV(b, table.Results) },
	}
	for name, write := range forms {
		var got bytes.Buffer
		require.NoError(t, write(&got))
		path := filepath.Join("testdata", name)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.WriteFile(path, got.Bytes(), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), got.String(), name)
	}
}

// CSV and JSON are whole, whatever a contender's name holds.
func TestFormsOfOddNames(t *testing.T) {
	results := fixedResults(1)
	for i := range results {
		results[i].Contender = "min(g, \"w\") | x" + results[i].Contender
	}
	table, err := NewTable(results, results[0].Contender)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, table.WriteCSV(&text))
	rows, err := csv.NewReader(&text).ReadAll()
	require.NoError(t, err)
	require.Equal(t, results[0].Contender, rows[1][0])
	text.Reset()
	require.NoError(t, table.WriteMarkdown(&text))
	require.Contains(t, text.String(), `| min(g, "w") \| xdense |`)
	_, err = json.Marshal(table)
	require.NoError(t, err)
}

func TestRemarks(t *testing.T) {
	for seeds, want := range map[int]string{
		1: "One seed: there are no intervals, and nothing is shown.",
		3: "±: 95% intervals of the mean over 3 seeds; [ ]: of paired differences; both by Student's t, which takes what it is of " +
			"to be normal: more seeds tell more.",
		6: "No difference from static shown at n=6 (the interval covers 0): rigl at 90%.",
	} {
		require.Contains(t, newTable(t, seeds, run.Static).Remarks(), want)
	}
	require.Contains(t, newTable(t, 6, run.Static).Remarks(),
		"Of 2 comparisons at 95%, 0.1 would look like a difference by chance alone.")
}

// The area under the ROC curve and the accuracy on held-out examples are judged as the accuracy is, where there are any.
func TestTableOfLinks(t *testing.T) {
	results := fixedResults(6)
	for _, r := range results {
		area, valid := r.Summary.Accuracy-0.1, r.Summary.Accuracy-0.2
		r.Summary.AUC, r.Summary.ValidAccuracy = &area, &valid
	}
	table, err := NewTable(results, run.Static)
	require.NoError(t, err)
	last := table.Rows[4]
	require.InDelta(t, last.Accuracy.Mean-0.1, last.AUC.Mean, 1e-12)
	require.InDelta(t, last.Accuracy.Mean-0.2, last.Valid.Mean, 1e-12)
	require.InDelta(t, last.Difference.Mean, last.AUCDifference.Mean, 1e-12)
	require.Equal(t, Better, last.AUCVerdict)
	require.Nil(t, table.Rows[0].AUCDifference)

	var text, rows, cells bytes.Buffer
	require.NoError(t, table.WriteText(&text))
	require.Contains(t, text.String(), "AUC, %")
	require.Contains(t, text.String(), "validation, %")
	require.Contains(t, text.String(), "rigl at 90% in AUC")
	require.Contains(t, text.String(), "Of 4 comparisons at 95%")
	require.NoError(t, table.WriteCSV(&rows))
	require.Regexp(t, `(?m)^rigl,0\.98,.*,0\.818\d+,.*,better,0\.718\d+,`, rows.String())
	require.NoError(t, WriteResultsCSV(&cells, results))
	require.Regexp(t, `(?m)^rigl,.*,0\.8\d+,0\.7\d+,$`, cells.String())
}
