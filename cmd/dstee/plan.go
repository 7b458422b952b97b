package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/compare"
	"github.com/sparsekernel/sparsekernel/experiments"
	"github.com/sparsekernel/sparsekernel/run"
)

// experimentPlan is what an experiment takes.
type experimentPlan struct {
	Experiment     experiments.Preset `json:"experiment"`
	Scale          float64            `json:"scale"`
	Runs           int                `json:"runs"`
	FLOPsPerSecond float64            `json:"flops_per_second"`
	SecondsPerRun  float64            `json:"seconds_per_run"` // At least.
	Seconds        float64            `json:"seconds"`         // Of all runs, one after the other, at least.
	Plans          []*run.Plan        `json:"plans"`           // By sparsity.
}

// printPlan prints what the experiment takes, and trains nothing.
func (e *experiment) printPlan(cmd *cobra.Command) error {
	plan, err := e.makePlan(cmd)
	if err != nil {
		return err
	}
	if e.asJSON {
		return printJSON(cmd.OutOrStdout(), plan)
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s\n\n", strings.Join(e.heading(), "\n"))
	if err := plan.writeLayers(out); err != nil {
		return err
	}
	how := "as given"
	if e.gflops == 0 {
		how = "as this machine multiplies matrices now; convolutions are mostly slower"
	}
	fmt.Fprintf(out, "\nA run takes %.3g FLOPs, which the backends compute in full, zeros included: at least %s at %.3g GFLOP/s, %s.\n",
		plan.Plans[0].Training.DenseFLOPs, durationText(plan.SecondsPerRun), plan.FLOPsPerSecond/1e9, how)
	_, err = fmt.Fprintf(out, "The experiment is %d runs: at least %s, one after the other.\n", plan.Runs, durationText(plan.Seconds))
	return err
}

func (e *experiment) makePlan(cmd *cobra.Command) (*experimentPlan, error) {
	contenders, err := e.contenders()
	if err != nil {
		return nil, err
	}
	cells, err := e.cells(contenders)
	if err != nil {
		return nil, err
	}
	plan := &experimentPlan{Experiment: e.preset, Scale: e.scale, Runs: len(cells), FLOPsPerSecond: 1e9 * e.gflops}
	for _, cell := range planned(cells) {
		p, err := run.NewPlan(cmd.Context(), cell.Spec)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cell, err)
		}
		plan.Plans = append(plan.Plans, p)
	}
	if plan.FLOPsPerSecond <= 0 {
		backend, err := backends.Open(e.backend)
		if err != nil {
			return nil, err
		}
		const size, about = 512, 300 * time.Millisecond
		if plan.FLOPsPerSecond, err = run.Throughput(backend, size, about); err != nil {
			return nil, err
		}
	}
	plan.SecondsPerRun = plan.Plans[0].Training.Time(plan.FLOPsPerSecond).Seconds()
	plan.Seconds = plan.SecondsPerRun * float64(plan.Runs)
	return plan, nil
}

// planned returns one cell of each sparsity, of the last contender that is sparse; the dense one if none is.
func planned(cells []compare.Cell) []compare.Cell {
	var chosen []compare.Cell
	at := map[float64]int{}
	for _, cell := range cells {
		if cell.Spec.Method == run.Dense {
			continue
		}
		i, found := at[cell.Spec.Sparsity]
		if !found {
			i, at[cell.Spec.Sparsity] = len(chosen), len(chosen)
			chosen = append(chosen, cell)
		}
		chosen[i] = cell
	}
	if len(chosen) == 0 {
		return cells[:1]
	}
	return chosen
}

// writeLayers writes a table of the layers, with their densities at each sparsity.
func (p *experimentPlan) writeLayers(out io.Writer) error {
	first := p.Plans[0]
	width := len("training FLOPs, relative")
	for _, layer := range first.Layers {
		width = max(width, len(layer.Path))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name, shape, weights, macs string, of func(*run.Plan) string) {
		cells := []string{shape, weights, macs}
		for _, plan := range p.Plans {
			cells = append(cells, of(plan))
		}
		fmt.Fprintf(w, "%-*s\t%s\t\n", width, name, strings.Join(cells, "\t"))
	}
	row("layer", "shape", "weights", "MACs", func(p *run.Plan) string { return fmt.Sprintf("%g%% sparse", 100*p.Spec.Sparsity) })
	for i, layer := range first.Layers {
		row(layer.Path, shapeText(layer.Shape), strconv.Itoa(layer.Weights), strconv.Itoa(layer.MACs),
			func(p *run.Plan) string { return percentText(p.Layers[i].Density) })
	}
	row("total", "", strconv.Itoa(first.Weights), strconv.Itoa(first.MACs),
		func(p *run.Plan) string { return percentText(p.Active / float64(p.Weights)) })
	row("active weights", "", "", "", func(p *run.Plan) string { return fmt.Sprintf("%.0f", p.Active) })
	row("MACs, relative", "", "", "", func(p *run.Plan) string { return fmt.Sprintf("%.4f", p.SparseMACs/float64(p.MACs)) })
	row("training FLOPs, relative", "", "", "", func(p *run.Plan) string { return fmt.Sprintf("%.4f", p.Training.FLOPsRatio) })
	row("mask updates", "", "", "", func(p *run.Plan) string { return strconv.Itoa(p.Training.Updates) })
	return w.Flush()
}

// durationText is a time in the unit that suits it, such as 80ms, 10m43s, 23.4 hours, 119 days or 13.0 years.
func durationText(seconds float64) string {
	const hour, day = 3600, 24 * 3600
	switch {
	case seconds < 1:
		return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
	case seconds < hour:
		return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
	case seconds < 3*day:
		return fmt.Sprintf("%.1f hours", seconds/hour)
	case seconds < 1000*day:
		return fmt.Sprintf("%.0f days", seconds/day)
	}
	return fmt.Sprintf("%.1f years", seconds/(365.25*day))
}
