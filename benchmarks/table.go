package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// deltaT is the number of steps between mask updates that shares of time are told for.
const deltaT = 100

// writeTables writes a report as Markdown: a table per work.
func writeTables(out io.Writer, r *Report) error {
	p := &printer{out: out}
	p.printf("Measured on %s, %d threads, float32, %g%% of the weights active in masked training. "+
		"The peers of each took turns in one run. Times are medians, with quartiles; memory is the most resident.\n",
		r.Machine, r.Threads, 100*r.Density)
	for _, w := range work.All {
		var rows []Result
		for _, peer := range peers {
			if result, ok := r.find(w.Name, peer.name); ok {
				rows = append(rows, result)
			}
		}
		if len(rows) == 0 {
			continue
		}
		first := rows[0]
		p.printf("\n### %s, batch %d, %s\n\n%s parameters, %s multiplications for an example.\n\n", w.Title, w.Batch,
			w.Optimizer, number(first.Parameters), number(first.MACs))
		p.printf("| | dense step, ms | masked step, ms | masked / dense | masked / fastest other | mask update, ms "+
			"| of training at ΔT=%d | compilation, s | start to first step, s "+
			"| memory, dense, MB | memory, masked, MB | loading, of a step |\n", deltaT)
		p.printf("|%s\n", "---|"+strings.Repeat("---:|", 11))
		for _, row := range rows {
			p.printf("| %s |\n", strings.Join(cells(row, rows), " | "))
		}
	}
	return p.err
}

// cells are those of a row among the rows of its table.
func cells(row Result, rows []Result) []string {
	step := row.Masked.Step.Median()
	return []string{
		titleOf(row.Peer),
		milliseconds(row.Dense.Step),
		milliseconds(row.Masked.Step),
		ratio(step, row.Dense.Step.Median()),
		ratio(step, fastestOther(row.Peer, rows)),
		milliseconds(row.Update),
		percent(row.UpdateShare(deltaT)),
		fmt.Sprintf("%.1f", row.Masked.Compile()),
		fmt.Sprintf("%.1f", row.Masked.Start),
		megabytes(row.Dense),
		megabytes(row.Masked),
		loading(row),
	}
}

// fastestOther is the least median of masked steps of other libraries than the peer's, 0 if there is none.
func fastestOther(name string, rows []Result) (least float64) {
	for _, row := range rows {
		step := row.Masked.Step.Median()
		if row.Peer != name && !(isOurs(name) && isOurs(row.Peer)) && (least == 0 || step < least) {
			least = step
		}
	}
	return least
}

func isOurs(name string) bool {
	for _, p := range peers {
		if p.name == name {
			return p.ours
		}
	}
	return false
}

func titleOf(name string) string {
	for _, p := range peers {
		if p.name == name {
			return p.title
		}
	}
	return name
}

// loading is the share of a masked step's time that reading its batch takes, on another core while the step runs.
func loading(row Result) string {
	if len(row.Fetch) == 0 {
		return "–"
	}
	return percent(row.Fetch.Median() / row.Masked.Step.Median())
}

func ratio(a, b float64) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", a/b)
}

func percent(share float64) string { return fmt.Sprintf("%.2g%%", 100*share) }

// milliseconds is a median with quartiles, of one measurement only that.
func milliseconds(s Sample) string {
	if len(s) == 1 {
		return fmt.Sprintf("%.3g (once)", 1e3*s[0])
	}
	first, third := s.Quartiles()
	return fmt.Sprintf("%s (%s–%s)", significant(1e3*s.Median()), significant(1e3*first), significant(1e3*third))
}

// significant writes three significant digits without an exponent.
func significant(x float64) string {
	digits := 0
	for limit := 100.0; x < limit && digits < 3; limit /= 10 {
		digits++
	}
	return fmt.Sprintf("%.*f", digits, x)
}

// megabytes is the most memory of a training, and how much of it the process had before the first step.
func megabytes(t Training) string {
	if t.PeakMemory == 0 {
		return "–"
	}
	const million = 1e6
	return fmt.Sprintf("%.0f (%.0f)", float64(t.PeakMemory)/million, float64(t.IdleMemory)/million)
}

// number writes a whole number with commas.
func number(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// printer keeps the first error of writing.
type printer struct {
	out io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format, args...)
	}
}
