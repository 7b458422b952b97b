package compare

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/sparsekernel/sparsekernel/run"
)

// Confidence is that of all intervals in a table.
const Confidence = 0.95

// bootstrapSeed seeds each row's bootstrap, so that the same results give the same table.
const bootstrapSeed = 20211

// Table is what a comparison found, a row for each contender and sparsity.
type Table struct {
	Baseline string   `json:"baseline"` // The contender that Row.Difference is against.
	Rows     []Row    `json:"rows"`
	Results  []Result `json:"results"` // What the rows were computed from.
}

// Row is what became of a contender at a sparsity, over all seeds.
type Row struct {
	Contender string  `json:"contender"`
	Sparsity  float64 `json:"sparsity"` // As asked for; 0 for dense training.

	// Accuracy is that on the test split, in [0, 1], with Student's interval over the seeds.
	Accuracy Estimate `json:"accuracy"`

	// Difference is the accuracy minus that of the baseline with the same seed, at the same sparsity or trained densely,
	// with an interval over the seeds: the bootstrap's, or Student's where they are fewer than [MinBootstrap]. It is nil for the
	// baseline itself, and where there is none to compare with.
	Difference *Estimate `json:"difference,omitempty"`
	Verdict    Verdict   `json:"verdict,omitempty"` // On the difference.

	// AUC is the area under the ROC curve on the test examples, of link prediction, and AUCDifference that minus the
	// baseline's, both as above. Nil elsewhere.
	AUC           *Estimate `json:"auc,omitempty"`
	AUCDifference *Estimate `json:"auc_difference,omitempty"`
	AUCVerdict    Verdict   `json:"auc_verdict,omitempty"`

	// Valid is the accuracy on examples that were held out, nil where none were.
	Valid *Estimate `json:"valid_accuracy,omitempty"`

	// Means over the seeds; of the time, the median.
	ExplorationRate float64 `json:"exploration_rate"`
	Churn           float64 `json:"churn"` // Weights that became active during the run, per active weight; 0 for dense training.
	FLOPsRatio      float64 `json:"flops_ratio"`
	SecondsPerStep  float64 `json:"seconds_per_step"`
}

// Verdict is what the interval of a difference says about a contender.
type Verdict string

// The verdicts. That no difference is shown does not say that there is none.
const (
	Better        Verdict = "better"              // The interval is above 0.
	Worse         Verdict = "worse"               // The interval is below 0.
	NotShown      Verdict = "no difference shown" // The interval covers 0.
	TooFewSeeds   Verdict = "too few seeds"       // One seed has no interval.
	NotApplicable Verdict = ""                    // There is no difference.
)

// DefaultBaseline is the contender to compare with where none is named: the first static one, since a mask that moves has
// to beat one that does not; else the first dense one; else the first.
func DefaultBaseline(contenders []Contender) string {
	for _, method := range []string{run.Static, run.Dense} {
		for _, c := range contenders {
			if c.Spec.Method == method {
				return c.Name
			}
		}
	}
	return contenders[0].Name
}

// CheckBaseline says what could be the baseline where the contender named so has no cell.
func CheckBaseline(cells []Cell, baseline string) error {
	var names []string
	for _, cell := range cells {
		if cell.Contender == baseline {
			return nil
		}
		if !slices.Contains(names, cell.Contender) {
			names = append(names, cell.Contender)
		}
	}
	return fmt.Errorf("the baseline %q is not among what is compared: %s", baseline, strings.Join(names, ", "))
}

// NewTable makes the table of results, with differences against the contender named baseline. Rows are in the order in
// which contenders and sparsities first appear.
func NewTable(results []Result, baseline string) (*Table, error) {
	if len(results) == 0 {
		return nil, errors.New("a table of no results")
	}
	cells := make([]Cell, len(results))
	for i, r := range results {
		cells[i] = r.Cell
	}
	if err := CheckBaseline(cells, baseline); err != nil {
		return nil, err
	}
	table := &Table{Baseline: baseline, Results: results}
	type place struct {
		contender string
		sparsity  float64
	}
	groups := map[place][]Result{}
	var order []place
	for _, r := range results {
		at := place{r.Contender, r.Spec.Sparsity}
		if groups[at] == nil {
			order = append(order, at)
		}
		groups[at] = append(groups[at], r)
	}
	for _, at := range order {
		against := groups[place{baseline, at.sparsity}]
		if against == nil {
			if against = groups[place{baseline, 0}]; against != nil && against[0].Spec.Method != run.Dense {
				against = nil
			}
		}
		if at.contender == baseline {
			against = nil
		}
		table.Rows = append(table.Rows, newRow(groups[at], against))
	}
	return table, nil
}

// newRow is the row of results that differ in their seeds alone; against are the baseline's, if any.
func newRow(group, against []Result) Row {
	row := Row{
		Contender:       group[0].Contender,
		Sparsity:        group[0].Spec.Sparsity,
		Accuracy:        StudentMean(column(group, func(s *run.Summary) float64 { return s.Accuracy }), Confidence),
		ExplorationRate: stat.Mean(column(group, func(s *run.Summary) float64 { return s.ExplorationRate }), nil),
		Churn:           stat.Mean(column(group, churn), nil),
		FLOPsRatio:      stat.Mean(column(group, func(s *run.Summary) float64 { return s.FLOPsRatio }), nil),
		SecondsPerStep:  median(column(group, func(s *run.Summary) float64 { return s.SecondsPerStep })),
	}
	row.Difference, row.Verdict = paired(group, against, func(s *run.Summary) float64 { return s.Accuracy })
	first := group[0].Summary
	if first.AUC != nil {
		area := func(s *run.Summary) float64 { return *s.AUC }
		estimate := StudentMean(column(group, area), Confidence)
		row.AUC = &estimate
		row.AUCDifference, row.AUCVerdict = paired(group, against, area)
	}
	if first.ValidAccuracy != nil {
		estimate := StudentMean(column(group, func(s *run.Summary) float64 { return *s.ValidAccuracy }), Confidence)
		row.Valid = &estimate
	}
	return row
}

// paired estimates by how much a number of the group's exceeds that of the others with the same seed, nil if none has.
func paired(group, against []Result, of func(*run.Summary) float64) (*Estimate, Verdict) {
	var differences []float64
	for _, r := range group {
		for _, b := range against {
			if r.Spec.Seed == b.Spec.Seed {
				differences = append(differences, of(r.Summary)-of(b.Summary))
			}
		}
	}
	if len(differences) == 0 {
		return nil, NotApplicable
	}
	difference := differenceMean(differences)
	return &difference, verdict(difference)
}

// differenceMean estimates the mean of paired differences. The bootstrap takes nothing for granted about how they are
// distributed; from few it can say nothing, where Student's interval can if they are normal.
func differenceMean(differences []float64) Estimate {
	if len(differences) < MinBootstrap {
		return StudentMean(differences, Confidence)
	}
	return BootstrapMean(differences, Confidence, rand.New(rand.NewPCG(bootstrapSeed, 0)))
}

// resolution is a difference below which accuracies are equal: they are Float32.
const resolution = 1e-6

func verdict(difference Estimate) Verdict {
	switch interval := difference.Interval; {
	case interval == nil:
		return TooFewSeeds
	case interval.Low > resolution:
		return Better
	case interval.High < -resolution:
		return Worse
	default:
		return NotShown
	}
}

// column is a number of each result.
func column(results []Result, of func(*run.Summary) float64) []float64 {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = of(r.Summary)
	}
	return values
}

// churn is that of all layers, 0 where there are none that are sparse.
func churn(s *run.Summary) float64 {
	if len(s.Layers) == 0 {
		return 0
	}
	return s.Churn()
}

// median is the middle value, the lower one of two.
func median(values []float64) float64 {
	return stat.Quantile(0.5, stat.Empirical, slices.Sorted(slices.Values(values)), nil)
}
