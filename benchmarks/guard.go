package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

// limit is a ratio of two measurements of one run that must not be passed. Limits are wide: they find what was broken, not
// what became some percent slower.
type limit struct {
	what  string
	ratio func(r *Report) float64
	most  float64
}

// limits are those of the guard.
var limits = []limit{
	{"masked / dense step, MLP on XLA", maskedToDense("mlp", "xla"), 1.3},
	{"masked / dense step, CNN on XLA", maskedToDense("cnn", "xla"), 1.3},
	{"masked / dense step, MLP in Go with SIMD", maskedToDense("mlp", "go-simd"), 2},
	{"mask update / masked step, MLP on XLA", updateToStep("mlp", "xla"), 5},
	{"step of the CNN, Go with SIMD / XLA", func(r *Report) float64 {
		return denseStep(r, "cnn", "go-simd") / denseStep(r, "cnn", "xla")
	}, 30},
	{"convolutions of small images on XLA, as lowered / XLA's own", func(r *Report) float64 {
		return denseStep(r, smallImages.Name, "xla") / denseStep(r, smallImagesConvolve.Name, "xla")
	}, 0.8},
}

// smallImages has a convolution whose kernel is larger than its image, on which XLA's own convolution is slow.
var smallImages, smallImagesConvolve = convolutions("small-images", ""), convolutions("small-images-convolve", "convolve")

func convolutions(name, lowering string) work.Work {
	return work.Work{Name: name, Title: name, Model: "cnn", Units: []int{256, 256}, Input: []int{4, 4, 256}, Classes: 10,
		Batch: 16, Optimizer: "momentum", LearningRate: 0.01, Lowering: lowering}
}

func maskedToDense(workName, peerName string) func(*Report) float64 {
	return func(r *Report) float64 {
		result, _ := r.find(workName, peerName)
		return result.Masked.Step.Median() / result.Dense.Step.Median()
	}
}

func updateToStep(workName, peerName string) func(*Report) float64 {
	return func(r *Report) float64 {
		result, _ := r.find(workName, peerName)
		return result.Update.Median() / result.Masked.Step.Median()
	}
}

func denseStep(r *Report, workName, peerName string) float64 {
	result, _ := r.find(workName, peerName)
	return result.Dense.Step.Median()
}

// attempts is how often the guard measures at most: what is slow is slow each time, what else the machine did is not.
const attempts = 3

// guard measures what the limits are about until none is passed, and returns an error that names those passed by the last
// of its attempts.
func (o options) guard(ctx context.Context, out io.Writer, say teller) (err error) {
	for attempt := range attempts {
		if attempt > 0 {
			say("measuring again: %v", err)
		}
		var report *Report
		if report, err = o.measureLimited(ctx, say); err != nil {
			return err
		}
		if err = judge(out, report); err == nil {
			return nil
		}
	}
	return err
}

// measureLimited measures what the limits are about.
func (o options) measureLimited(ctx context.Context, say teller) (*Report, error) {
	works, err := work.ByNames("mlp", "cnn")
	if err != nil {
		return nil, err
	}
	p := plan{threads: o.threads, density: density, seconds: 2, burst: 0.1, rounds: 5, slow: 1}
	return measureAll(ctx, p, []job{
		{works, []string{"xla", "go-simd"}},
		{[]work.Work{smallImages, smallImagesConvolve}, []string{"xla"}},
	}, say)
}

// judge tells the ratios, and returns an error that names those above their limits.
func judge(out io.Writer, r *Report) (err error) {
	for _, l := range limits {
		ratio := l.ratio(r)
		fmt.Fprintf(out, "%5.2f, at most %4.1f: %s\n", ratio, l.most, l.what)
		if !(ratio <= l.most) { // Neither is a ratio of nothing.
			err = errors.Join(err, fmt.Errorf("%s is %.2f, and must not be above %g", l.what, ratio, l.most))
		}
	}
	return err
}
