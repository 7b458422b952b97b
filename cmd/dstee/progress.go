package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
)

// progress shows how a run goes: as a bar on a terminal, elsewhere as a line for each quarter of the run.
type progress struct {
	out   io.Writer
	spec  run.Spec
	bar   *progressbar.ProgressBar // Nil without a terminal.
	shown time.Time
	masks string
}

func newProgress(out io.Writer, spec run.Spec) *progress {
	p := &progress{out: out, spec: spec}
	if onTerminal(out) {
		p.bar = progressbar.NewOptions(spec.Steps,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetWidth(20),
			progressbar.OptionSetDescription(spec.Method),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(50*time.Millisecond))
	}
	return p
}

func (p *progress) observer() run.Observer {
	return run.Observer{Step: p.step, Update: p.updated, Note: p.note}
}

// note shows what happened.
func (p *progress) note(text string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.out, "dstee:", text)
}

// updated takes note of a mask update.
func (p *progress) updated(update *dstee.MaskUpdate) {
	if update.Skipped {
		p.masks = fmt.Sprintf(" · update skipped: %s", update.Reason)
		return
	}
	total := update.Totals()
	p.masks = fmt.Sprintf(" · density %.2f%% · explored %.1f%% · grown %d",
		percent(total.Active, total.Size), percent(total.Explored, total.Size), total.Grown-total.Regrown)
}

// step shows the step.
func (p *progress) step(step int, loss float64) {
	text := fmt.Sprintf("%s · loss %.4f%s", p.spec.Method, loss, p.masks)
	if p.bar == nil {
		if quarter := (p.spec.Steps + 3) / 4; step%quarter == 0 || step == p.spec.Steps {
			fmt.Fprintf(p.out, "step %d of %d · %s\n", step, p.spec.Steps, text)
		}
		return
	}
	if now := time.Now(); now.Sub(p.shown) > 50*time.Millisecond || step == p.spec.Steps {
		p.shown = now
		p.bar.Describe(text)
		_ = p.bar.Set(step) // A terminal that went away is no reason to stop training.
	}
}

// close ends the bar's line.
func (p *progress) close() {
	if p.bar != nil {
		fmt.Fprintln(p.out)
	}
}

// onTerminal tells whether what is written there can be drawn over.
func onTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// percent is 100·part/whole.
func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }
