package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/sparsekernel/sparsekernel/compare"
)

// compareProgress shows how a comparison goes: as a bar over all steps on a terminal, elsewhere as a line for each run.
type compareProgress struct {
	out io.Writer
	bar *progressbar.ProgressBar // Nil without a terminal, and before training.
}

func newCompareProgress(out io.Writer) *compareProgress { return &compareProgress{out: out} }

func (p *compareProgress) observer() compare.Observer {
	return compare.Observer{Note: p.note, Start: p.start, Step: p.step, Done: p.done}
}

func (p *compareProgress) note(text string) { fmt.Fprintln(p.out, "dstee:", text) }

func (p *compareProgress) start(kept int, train []compare.Cell) {
	steps := 0
	for _, cell := range train {
		steps += cell.Spec.Steps
	}
	if kept > 0 {
		fmt.Fprintf(p.out, "%d results are there already, %d are to be trained\n", kept, len(train))
	}
	if onTerminal(p.out) && steps > 0 {
		p.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(p.out),
			progressbar.OptionSetWidth(20),
			progressbar.OptionSetDescription(fmt.Sprintf("0 of %d", len(train))),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond))
	}
}

func (p *compareProgress) step() {
	if p.bar != nil {
		_ = p.bar.Add(1) // A terminal that went away is no reason to stop training.
	}
}

func (p *compareProgress) done(result compare.Result, done, left int) {
	text := fmt.Sprintf("%d of %d · %s · %s", done, done+left, result.Cell, percentText(result.Summary.Accuracy))
	if p.bar == nil {
		fmt.Fprintln(p.out, text)
		return
	}
	p.bar.Describe(text)
}

// close ends the bar's line.
func (p *compareProgress) close() {
	if p.bar != nil {
		fmt.Fprintln(p.out)
	}
}
