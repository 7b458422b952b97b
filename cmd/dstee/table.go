package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/sparsekernel/sparsekernel/run"
)

// printSummary prints a run for people: a table of its layers, then how it compares with its dense twin.
func printSummary(out io.Writer, s *run.Summary) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	width := len("training FLOPs, relative")
	for _, l := range s.Layers {
		width = max(width, len(l.Path))
	}
	row := func(name string, cells ...string) { // The name is to the left, numbers are to the right.
		fmt.Fprintf(w, "%-*s\t%s\t\n", width, name, strings.Join(cells, "\t"))
	}
	if len(s.Layers) > 0 {
		fmt.Fprintln(out)
		row("layer", "shape", "weights", "active", "density", "explored", "churn")
		active, size := 0, 0
		for _, l := range s.Layers {
			row(l.Path, shapeText(l.Shape), strconv.Itoa(l.Size), strconv.Itoa(l.Active), percentText(l.Density),
				percentText(l.Explored), fmt.Sprintf("%.2f", l.Churn))
			active += l.Active
			size += l.Size
		}
		row("total", "", strconv.Itoa(size), strconv.Itoa(active), percentText(float64(active)/float64(size)),
			percentText(s.ExplorationRate), fmt.Sprintf("%.2f", s.Churn()))
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	// compared is a row with the dense twin's value, if there was one.
	compared := func(name, own, dense string) {
		if s.DenseAccuracy == nil {
			row(name, own)
			return
		}
		row(name, own, dense)
	}
	dense := func(value *float64, format func(float64) string) string {
		if value == nil {
			return ""
		}
		return format(*value)
	}
	seconds := func(v float64) string { return fmt.Sprintf("%.1f s", v) }
	milliseconds := func(v float64) string {
		if v == 0 { // It was evaluated by a process that trained no step.
			return "-"
		}
		return fmt.Sprintf("%.2f ms", 1000*v)
	}
	compared("", s.Method, "dense")
	compared("test accuracy", percentText(s.Accuracy), dense(s.DenseAccuracy, percentText))
	if s.AUC != nil {
		row("test AUC", fmt.Sprintf("%.4f", *s.AUC))
	}
	if s.ValidAccuracy != nil {
		row("validation accuracy", percentText(*s.ValidAccuracy))
	}
	if s.ValidAUC != nil {
		row("validation AUC", fmt.Sprintf("%.4f", *s.ValidAUC))
	}
	compared("training FLOPs, relative", fmt.Sprintf("%.3f", s.FLOPsRatio), "1")
	compared("time", seconds(s.Seconds), dense(s.DenseSeconds, seconds))
	compared("time per step, median", milliseconds(s.SecondsPerStep), dense(s.DensePerStep, milliseconds))
	if err := w.Flush(); err != nil {
		return err
	}
	if len(s.Layers) == 0 {
		_, err := fmt.Fprintf(out, "\n%s: %s on %s, seed %d, backend %s.\n", s.Method, s.Model, s.Data, s.Seed, s.Backend)
		return err
	}
	target := "exact"
	if asked := percentText(s.TargetSparsity); asked != percentText(s.Sparsity) {
		target = asked + " was asked for" // Structures and schedules of the density may not hold that.
	}
	fmt.Fprintf(out, "\n%s: %s on %s, %s sparse (%s, %s), %s, seed %d, backend %s.\n",
		s.Method, s.Model, s.Data, percentText(s.Sparsity), s.Distribution, target, counted(s.MaskUpdates, "mask update"), s.Seed, s.Backend)
	if s.DenseAccuracy != nil {
		fmt.Fprintf(out, "Sparse minus dense: %+.2f points of accuracy on %d test examples.\n", 100*(s.Accuracy-*s.DenseAccuracy), s.TestExamples)
	}
	if s.SkippedUpdates > 0 {
		fmt.Fprintf(out, "Skipped, for gradients that were not finite: %s.\n", counted(s.SkippedUpdates, "mask update"))
	}
	return nil
}

// shapeText is a shape such as 64×300.
func shapeText(shape []int) string {
	dims := make([]string, len(shape))
	for i, dim := range shape {
		dims[i] = strconv.Itoa(dim)
	}
	return strings.Join(dims, "×")
}

// percentText is a share such as 97.50%.
func percentText(share float64) string { return fmt.Sprintf("%.2f%%", 100*share) }

// counted is a number of things, such as "1 checkpoint" or "no checkpoints".
func counted(n int, thing string) string {
	switch n {
	case 0:
		return "no " + thing + "s"
	case 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// bytesText is a number of bytes such as 812 B, 23.4 kB or 1.7 MB.
func bytesText(bytes int64) string {
	size, units := float64(bytes), []string{"B", "kB", "MB", "GB", "TB"}
	for size >= 999.95 && len(units) > 1 {
		size, units = size/1000, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", size, units[0])
}
