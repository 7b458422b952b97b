package compare

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
)

// WriteCSV writes the table with a row for each contender and sparsity: shares in [0, 1], nothing where there is no value.
func (t *Table) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	w.Write([]string{"contender", "sparsity", "seeds", "accuracy", "accuracy_low", "accuracy_high", "baseline",
		"difference", "difference_low", "difference_high", "verdict", "exploration_rate", "churn", "flops_ratio",
		"seconds_per_step", "auc", "auc_low", "auc_high", "auc_difference", "auc_difference_low", "auc_difference_high",
		"auc_verdict", "valid_accuracy", "valid_accuracy_low", "valid_accuracy_high"}) // The writer keeps its error for the end.
	for _, row := range t.Rows {
		w.Write(slices.Concat([]string{row.Contender, number(row.Sparsity), strconv.Itoa(row.Accuracy.N)}, row.Accuracy.csv(),
			[]string{t.Baseline}, row.Difference.csv(), []string{string(row.Verdict), number(row.ExplorationRate), number(row.Churn),
				number(row.FLOPsRatio), number(row.SecondsPerStep)}, row.AUC.csv(), row.AUCDifference.csv(),
			[]string{string(row.AUCVerdict)}, row.Valid.csv()))
	}
	w.Flush()
	return w.Error()
}

// WriteResultsCSV writes a row for each result.
func WriteResultsCSV(out io.Writer, results []Result) error {
	w := csv.NewWriter(out)
	w.Write([]string{"contender", "method", "acquisition", "model", "data", "backend", "target_sparsity", "seed", "sparsity",
		"accuracy", "loss", "exploration_rate", "churn", "flops_ratio", "mask_updates", "seconds",
		"seconds_per_step", "auc", "valid_accuracy", "valid_auc"}) // The writer keeps its error for the end.
	for _, r := range results {
		s := r.Summary
		w.Write([]string{r.Contender, r.Spec.Method, r.Spec.Acquisition, r.Spec.Model, r.Spec.Data, s.Backend,
			number(r.Spec.Sparsity), strconv.FormatInt(r.Spec.Seed, 10), number(s.Sparsity), number(s.Accuracy), number(s.Loss),
			number(s.ExplorationRate), number(churn(s)), number(s.FLOPsRatio), strconv.Itoa(s.MaskUpdates), number(s.Seconds),
			number(s.SecondsPerStep), optional(s.AUC), optional(s.ValidAccuracy), optional(s.ValidAUC)})
	}
	w.Flush()
	return w.Error()
}

// csv is the mean and the interval's ends.
func (e *Estimate) csv() []string {
	if e == nil {
		return []string{"", "", ""}
	}
	if e.Interval == nil {
		return []string{number(e.Mean), "", ""}
	}
	return []string{number(e.Mean), number(e.Interval.Low), number(e.Interval.High)}
}

// number is a number with more digits than Float32 has.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }

// optional is a number that may be missing.
func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}
