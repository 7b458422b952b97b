package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
)

// Report is what a run measured, as it is written by --json and read by --from. Times are in seconds, memory in bytes.
type Report struct {
	Machine string   `json:"machine"`
	Threads int      `json:"threads"`
	Density float64  `json:"density"`
	Results []Result `json:"results"` // By work, in each by peer.
}

// Result is what was measured of a peer at a work.
type Result struct {
	Work    string `json:"work"`
	Peer    string `json:"peer"`
	Version string `json:"version"`

	Parameters int   `json:"parameters"`
	MACs       int   `json:"macs"` // Of a forward pass of one example.
	Sizes      []int `json:"sizes"`
	Active     []int `json:"active"` // Of each of Sizes, after every mask update.

	Dense  Training `json:"dense"`
	Masked Training `json:"masked"`

	Update      Sample `json:"update"`       // A mask update.
	AfterUpdate Sample `json:"after_update"` // The step that follows it.
	Fetch       Sample `json:"fetch"`        // Reading a batch of a data set with augmentation; only ours, of images.
}

// Training is what was measured of a dense or a masked training.
type Training struct {
	Step       Sample  `json:"step"`
	FirstStep  float64 `json:"first_step"`  // Compilation and the first step.
	Start      float64 `json:"start"`       // From the start of the process to the end of the first step.
	IdleMemory int64   `json:"idle_memory"` // Peak resident memory before the first step.
	PeakMemory int64   `json:"peak_memory"` // Until the end.
}

// Compile is about what compilation took: the first step less one like all others.
func (t Training) Compile() float64 { return max(0, t.FirstStep-t.Step.Median()) }

// UpdateShare is the share of the time of training that mask updates take, one every deltaT steps, with what they add to
// the step that follows.
func (r Result) UpdateShare(deltaT int) float64 {
	step := r.Masked.Step.Median()
	update := r.Update.Median() + max(0, r.AfterUpdate.Median()-step)
	return update / (update + float64(deltaT)*step)
}

// Sample is repeated measurements of one thing.
type Sample []float64

// Median returns the median, 0 of nothing.
func (s Sample) Median() float64 { return s.quantile(0.5) }

// Quartiles returns the first and the third quartile.
func (s Sample) Quartiles() (first, third float64) { return s.quantile(0.25), s.quantile(0.75) }

// quantile interpolates between order statistics (definition 7 of Hyndman and Fan, "Sample quantiles in statistical
// packages", 1996), which gonum does not have: of few measurements the median of others is off the middle one.
func (s Sample) quantile(p float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	below, share := math.Modf(p * float64(len(s)-1))
	i := int(below)
	return sorted[i] + share*(sorted[min(i+1, len(s)-1)]-sorted[i])
}

// write writes the report to a file.
func (r *Report) write(path string) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// readReports reads reports and puts them together: of a work and peer that several have, the last counts.
func readReports(paths ...string) (*Report, error) {
	var all *Report
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a report: %w", err)
		}
		var r Report
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, fmt.Errorf("reading the report %s: %w", path, err)
		}
		if all == nil {
			all = &r
			continue
		}
		if all.Machine != r.Machine || all.Threads != r.Threads || all.Density != r.Density {
			return nil, fmt.Errorf("%s was measured on %q with %d threads at density %g, those before on %q with %d at %g",
				path, r.Machine, r.Threads, r.Density, all.Machine, all.Threads, all.Density)
		}
		for _, result := range r.Results {
			all.add(result)
		}
	}
	return all, nil
}

// add adds a result, instead of one of the same work and peer if there is one.
func (r *Report) add(result Result) {
	same := func(old Result) bool { return old.Work == result.Work && old.Peer == result.Peer }
	if i := slices.IndexFunc(r.Results, same); i >= 0 {
		r.Results[i] = result
		return
	}
	r.Results = append(r.Results, result)
}

// find returns the result of a peer at a work.
func (r *Report) find(work, peer string) (Result, bool) {
	i := slices.IndexFunc(r.Results, func(x Result) bool { return x.Work == work && x.Peer == peer })
	if i < 0 {
		return Result{}, false
	}
	return r.Results[i], true
}
