package trace

import (
	"encoding/json"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// Summary is a trace in short.
type Summary struct {
	Path    string          `json:"path"`
	Meta    json.RawMessage `json:"meta,omitempty"` // Of the header.
	Steps   int             `json:"steps"`          // Logged steps.
	Last    *Step           `json:"last,omitempty"` // The last logged step.
	Updates int             `json:"updates"`        // Mask updates applied, the first masks not among them.
	Skipped int             `json:"skipped"`        // Mask updates that were skipped.

	Layers []LayerSummary `json:"layers,omitempty"`
	Total  *LayerSummary  `json:"total,omitempty"` // Over all layers. Nil if the trace has no masks.
}

// LayerSummary is what became of a layer.
type LayerSummary struct {
	Path   string `json:"path"`
	Shape  []int  `json:"shape,omitempty"`
	Size   int    `json:"size"`
	Active int    `json:"active"` // Active weights after the last update.

	Density    float64 `json:"density"`    // The share of weights that are active after the last update.
	Explored   float64 `json:"explored"`   // The share of weights active in any topology.
	Churn      float64 `json:"churn"`      // Weights that became active by updates, per active weight.
	Similarity float64 `json:"similarity"` // The Jaccard index of the first mask and the last.
}

// tally counts a layer's weights through a trace.
type tally struct {
	path           string
	shape          []int
	size, active   int
	explored       int
	entered        int // Weights that became active by updates.
	first, last    bitset.Set
	common, either int // Weights active in the first mask and the last, in either.
}

// Summarize reads through the trace. If it is damaged, the summary is that of what comes before, and the error is a
// [DamageError].
func Summarize(r *Reader) (*Summary, error) {
	s := &Summary{Path: r.path, Meta: r.header.Meta}
	var topology Topology
	var tallies []tally
	var failed error
	for record, err := range r.Records() {
		if err == nil && record.Update != nil {
			err = topology.Advance(record.Update)
			if err != nil {
				err = &DamageError{Path: r.path, Line: record.Line, Offset: record.Offset, Reason: err.Error()}
			}
		}
		if err != nil {
			failed = err
			break
		}
		switch {
		case record.Step != nil:
			s.Steps++
			s.Last = record.Step
		case record.Update.Skipped != "":
			s.Skipped++
		default:
			if tallies == nil {
				tallies = make([]tally, len(record.Update.Layers))
			} else {
				s.Updates++
			}
			for i := range tallies {
				tallies[i].add(&record.Update.Layers[i], &topology.layers[i])
			}
		}
	}
	if len(tallies) == 0 {
		return s, failed
	}
	total := tally{path: "total"}
	for i := range tallies {
		t := &tallies[i]
		t.common, t.either = t.first.And(t.last).Count(), t.first.Or(t.last).Count()
		s.Layers = append(s.Layers, t.summary())
		total.size += t.size
		total.active += t.active
		total.explored += t.explored
		total.entered += t.entered
		total.common += t.common
		total.either += t.either
	}
	sum := total.summary()
	s.Total = &sum
	return s, failed
}

// add counts an update of the layer.
func (t *tally) add(l *Layer, masks *layerMasks) {
	if t.first == nil {
		t.first = masks.after
	}
	t.path, t.shape, t.size, t.active, t.explored = l.Path, l.Shape, l.Size, l.Active, l.Explored
	t.entered += l.Grown - l.Regrown
	t.last = masks.after
}

func (t *tally) summary() LayerSummary {
	return LayerSummary{Path: t.path, Shape: t.shape, Size: t.size, Active: t.active, Density: share(t.active, t.size),
		Explored: share(t.explored, t.size), Churn: share(t.entered, max(t.active, 1)), Similarity: share(t.common, t.either)}
}

// share is part of whole, 1 of nothing.
func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}
