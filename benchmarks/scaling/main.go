// Command scaling measures how the cost of sparse training grows: with the number of weights, with the number of layers they
// are divided into, with the steps between mask updates (ΔT), and with density.
//
//	go run ./benchmarks/scaling                        # all four
//	go run ./benchmarks/scaling -svg docs/figures weights layers
//
// It prints a table in Markdown for each, with the exponents of fitted power laws, and how far each cost is from what the
// machine's arithmetic and memory allow, which it measures in the same run; with -svg it draws the curves. Nothing else should
// run on the machine meanwhile. All four take about two minutes on two cores.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"

	"github.com/sparsekernel/sparsekernel/backends"
)

func main() {
	backend := flag.String("backend", "xla", "xla or go")
	figures := flag.String("svg", "", "folder for the curves, scaling-NAME.svg, made if it is not there; none by default")
	quick := flag.Bool("quick", false, "tiny networks, to see that it runs: the figures say nothing")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "Usage: scaling [flags] [%s]...\n", strings.Join(sweepNames(full), "|"))
		flag.PrintDefaults()
	}
	flag.Parse()
	size := full
	if *quick {
		size = tiny
	}
	opened, err := backends.Open(*backend)
	if err == nil {
		err = scale(os.Stdout, opened, size, *figures, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scaling:", err)
		os.Exit(1)
	}
}

// scale measures the named sweeps, all of them if there are no names, and reports.
func scale(out io.Writer, backend compute.Backend, size size, figures string, names []string) error {
	sweeps, err := chosen(size, names)
	if err != nil {
		return err
	}
	if figures != "" {
		if err := os.MkdirAll(figures, 0o755); err != nil {
			return fmt.Errorf("a folder for the curves: %w", err)
		}
	}
	machine, err := measureRoofline(backend, size.matmul)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Backend %s: %s.\n", backend.Name(), machine)
	for _, s := range sweeps {
		points, err := measureAll(backend, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprint(out, "\n", table(s, points, machine))
		if figures == "" {
			continue
		}
		path := filepath.Join(figures, "scaling-"+s.name+".svg")
		if err := os.WriteFile(path, []byte(figure(s, points).SVG()+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func measureAll(backend compute.Backend, s sweep) ([]point, error) {
	points := make([]point, len(s.at))
	for i, w := range s.at {
		var err error
		if points[i], err = measure(backend, w); err != nil {
			return nil, fmt.Errorf("at %g: %w", s.x(w), err)
		}
	}
	return points, nil
}
