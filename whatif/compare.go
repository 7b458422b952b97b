package whatif

import (
	"fmt"

	"github.com/gomlx/compute"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// Report compares what several acquisitions would have grown at one mask update.
type Report struct {
	Round        int           `json:"round"`
	Step         int           `json:"step"`
	DropFraction float64       `json:"drop_fraction"`
	Acquisitions []string      `json:"acquisitions"`
	Layers       []LayerReport `json:"layers"`

	// Total counts the weights of all layers together. Its correlations are means of the layers', weighted by their
	// candidates; it has no thresholds.
	Total LayerReport `json:"total"`
}

// LayerReport compares the choices in one layer.
type LayerReport struct {
	Path       string   `json:"path"`
	Size       int      `json:"size"`       // Number of weights.
	Candidates int      `json:"candidates"` // Weights to choose from: those inactive after the drop.
	Choices    []Choice `json:"choices"`    // One per acquisition, in their order.
	Pairs      []Pair   `json:"pairs"`      // Each acquisition with each one after it.
}

// Choice tells what an acquisition would have grown.
type Choice struct {
	Acquisition string `json:"acquisition"`
	Grown       int    `json:"grown"`
	Regrown     int    `json:"regrown"`      // Of those, weights that the same update dropped.
	NeverActive int    `json:"never_active"` // Of those grown, weights that were active in no topology before.

	// MeanVisits is the mean, over the weights grown, of the number of topologies in which they were active before; 0 if
	// none is grown.
	MeanVisits float64 `json:"mean_visits"`

	// Threshold is the lowest finite score that was grown, nil if there is none.
	Threshold *float64 `json:"threshold"`
}

// NeverActiveShare is the share of the weights grown that were active in no topology before; 0 if none is grown.
func (c Choice) NeverActiveShare() float64 {
	if c.Grown == 0 {
		return 0
	}
	return float64(c.NeverActive) / float64(c.Grown)
}

// Pair compares two acquisitions.
type Pair struct {
	A string `json:"a"`
	B string `json:"b"`

	// Common is how many weights both would have grown, Overlap that number per number of weights that any of the two would
	// have grown (Jaccard): 1 if they choose alike, 0 if they have none in common.
	Common  int     `json:"common"`
	Overlap float64 `json:"overlap"`

	// Correlation is the rank correlation of their scores over all candidates (Spearman): 1 if they rank them alike, -1 if
	// one ranks them the other way round; nil if it is undefined, since one scores all alike.
	Correlation *float64 `json:"rank_correlation"`
}

// Compare lets each acquisition choose which weights to grow, on the backend, after the same drop. The round is not
// changed.
func (r *Round) Compare(backend compute.Backend, acquisitions ...dstee.Acquisition) (*Report, error) {
	fail := func(err error) (*Report, error) { return nil, fmt.Errorf("whatif: round %d: %w", r.Number, err) }
	if err := r.check(); err != nil {
		return fail(err)
	}
	if len(acquisitions) == 0 {
		return fail(fmt.Errorf("there are no acquisitions to compare"))
	}
	report := &Report{Round: r.Number, Step: r.Step, DropFraction: r.DropFraction}
	choosers := make([]*chooser, len(acquisitions))
	for i, a := range acquisitions {
		report.Acquisitions = append(report.Acquisitions, a.Name)
		var err error
		if choosers[i], err = r.chooser(backend, a); err != nil {
			return fail(err)
		}
	}
	for i := range r.Layers {
		l, err := compareLayer(&r.Layers[i], choosers, report.Acquisitions)
		if err != nil {
			return fail(err)
		}
		report.Layers = append(report.Layers, l)
	}
	report.Total = total(report.Layers)
	return report, nil
}

// compareLayer compares the choices in a layer.
func compareLayer(l *Layer, choosers []*chooser, names []string) (LayerReport, error) {
	report := LayerReport{Path: l.Path, Size: l.Weight.Size()}
	chosen, ranked := make([][]int, len(choosers)), make([][]float64, len(choosers))
	for i, c := range choosers {
		made, err := c.choose(l)
		if err != nil {
			return report, err
		}
		never, visits, regrown, err := made.explored(l)
		if err != nil {
			return report, err
		}
		choice := Choice{Acquisition: names[i], Grown: len(made.chosen), Regrown: regrown, NeverActive: never, Threshold: made.threshold()}
		if choice.Grown > 0 {
			choice.MeanVisits = float64(visits) / float64(choice.Grown)
		}
		report.Candidates = len(made.candidates)
		report.Choices = append(report.Choices, choice)
		chosen[i], ranked[i] = made.chosen, ranks(made.scores, made.candidates)
	}
	for i := range choosers {
		for j := i + 1; j < len(choosers); j++ {
			n := common(chosen[i], chosen[j])
			report.Pairs = append(report.Pairs, Pair{A: names[i], B: names[j], Common: n,
				Overlap: jaccard(len(chosen[i]), len(chosen[j]), n), Correlation: spearman(ranked[i], ranked[j])})
		}
	}
	return report, nil
}

// total sums the layers up.
func total(layers []LayerReport) LayerReport {
	sum := LayerReport{Path: "total"}
	for i, l := range layers {
		sum.Size += l.Size
		sum.Candidates += l.Candidates
		if i == 0 {
			sum.Choices, sum.Pairs = make([]Choice, len(l.Choices)), make([]Pair, len(l.Pairs))
		}
		for j, c := range l.Choices {
			s := &sum.Choices[j]
			s.Acquisition = c.Acquisition
			s.Grown += c.Grown
			s.Regrown += c.Regrown
			s.NeverActive += c.NeverActive
			s.MeanVisits += c.MeanVisits * float64(c.Grown)
		}
		for j, p := range l.Pairs {
			s := &sum.Pairs[j]
			s.A, s.B = p.A, p.B
			s.Common += p.Common
		}
	}
	for j := range sum.Choices {
		if c := &sum.Choices[j]; c.Grown > 0 {
			c.MeanVisits /= float64(c.Grown)
		}
	}
	for j := range sum.Pairs {
		// All acquisitions grow the same number, that which the round asks for.
		sum.Pairs[j].Overlap = jaccard(sum.Choices[0].Grown, sum.Choices[0].Grown, sum.Pairs[j].Common)
		sum.Pairs[j].Correlation = meanCorrelation(layers, j)
	}
	return sum
}

// meanCorrelation is the mean of the layers' correlations of a pair, weighted by candidates, where they are defined.
func meanCorrelation(layers []LayerReport, pair int) *float64 {
	sum, weight := 0.0, 0.0
	for _, l := range layers {
		if r := l.Pairs[pair].Correlation; r != nil {
			sum += *r * float64(l.Candidates)
			weight += float64(l.Candidates)
		}
	}
	if weight == 0 {
		return nil
	}
	mean := sum / weight
	return &mean
}
