// Command benchmarks measures sparsekernel side by side with PyTorch and JAX.
//
//	go run ./benchmarks --json report.json  measure all peers at all works, and write tables to standard output
//	go run ./benchmarks --quick             two small works for seconds: checks that all peers run and do the same
//	go run ./benchmarks --works vgg19 --peers xla,pytorch --json vgg19.json
//	go run ./benchmarks --from mlp.json,vgg19.json --svg docs/figures/benchmarks.svg
//	go run ./benchmarks --guard             fails if a ratio within one run is far above what it should be
//
// A peer is a way to train ([peers]), a work is a model with its batches (package work). Every peer does the same work: a
// network with the same parameters and multiplications, the same loss, optimizer, batches and precision, as many active
// weights, mask updates by the same rule; [check] compares what the peers say they did, and
// [checkRule] their mask updates with reference vectors, position by position. Each runs in processes of its own
// that live as long as the measurement of a work and take turns, one at a time, in bursts of some tenths of a second, so
// that what slows down the machine for a while slows all alike.
//
// The others are set up from benchmarks/python/requirements.txt, in the cache folder (see backends.CacheDir).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	works, peers, from []string
	seconds            float64
	threads            int
	quick, guarded     bool
	json, svg          string
}

func newCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:           "benchmarks",
		Short:         "Measure sparse training side by side with PyTorch and JAX",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.works, "works", names(work.All, func(w work.Work) string { return w.Name }), "what to train")
	flags.StringSliceVar(&o.peers, "peers", names(peers, func(p peer) string { return p.name }),
		"by what; sparsekernel stands for all of its own")
	flags.Float64Var(&o.seconds, "seconds", 60, "seconds of steps per work")
	flags.IntVar(&o.threads, "threads", 2, "threads of each peer")
	flags.BoolVar(&o.quick, "quick", false, "two small works for 2 seconds each, unless other flags say otherwise")
	flags.BoolVar(&o.guarded, "guard", false, "measure this library alone, and fail if a ratio is far above what it should be")
	flags.StringSliceVar(&o.from, "from", nil, "measure nothing: show reports that --json wrote")
	flags.StringVar(&o.json, "json", "", "write the report to this file")
	flags.StringVar(&o.svg, "svg", "", "draw the masked steps into this file")
	cmd.MarkFlagsMutuallyExclusive("quick", "guard", "from")
	cmd.PreRun = func(cmd *cobra.Command, _ []string) {
		if !o.quick {
			return
		}
		if !flags.Changed("works") {
			o.works = []string{"mlp", "link"}
		}
		if !flags.Changed("seconds") {
			o.seconds = 2
		}
	}
	return cmd
}

// names lists the names of things.
func names[T any](things []T, name func(T) string) (list []string) {
	for _, thing := range things {
		list = append(list, name(thing))
	}
	return list
}

// density is the share of active weights of masked training.
const density = 0.05

// run measures, or reads what was measured, and shows it.
func (o options) run(ctx context.Context, out, log io.Writer) (err error) {
	say := func(format string, args ...any) { fmt.Fprintf(log, format+"\n", args...) }
	var report *Report
	switch {
	case o.guarded:
		return o.guard(ctx, out, say)
	case o.from != nil:
		report, err = readReports(o.from...)
	default:
		report, err = o.measure(ctx, say)
	}
	if report == nil || len(report.Results) == 0 {
		return err
	}
	return errors.Join(err, o.show(out, report)) // Of a run that failed at a work, what it measured before.
}

// show writes a report wherever the flags say.
func (o options) show(out io.Writer, report *Report) error {
	if o.json != "" {
		if err := report.write(o.json); err != nil {
			return err
		}
	}
	if o.svg != "" {
		if err := drawTo(o.svg, report); err != nil {
			return err
		}
	}
	return writeTables(out, report)
}

// measure measures the chosen peers at the chosen works.
func (o options) measure(ctx context.Context, say teller) (*Report, error) {
	works, err := work.ByNames(o.works...)
	if err != nil {
		return nil, err
	}
	p := plan{threads: o.threads, density: density, seconds: o.seconds, burst: 0.3, rounds: 5, slow: 5}
	if o.quick {
		p.burst, p.rounds = 0.05, 3
	}
	return measureAll(ctx, p, []job{{works, o.peers}}, say)
}
