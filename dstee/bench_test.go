package dstee_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// wideModel is an MLP of three hidden layers of 2048 units, 9.4 million weights.
func wideModel(scope *model.Scope, _ any, inputs []*Node) []*Node {
	x := inputs[0]
	for _, name := range []string{"a", "b", "c"} {
		x = Tanh(layers.Dense(scope.In("%s", name), x, true, 2048))
	}
	return []*Node{layers.Dense(scope.In("output"), x, true, testClasses)}
}

// stepper takes one training step at a time.
type stepper struct {
	trainer *train.Trainer
	batch   int
}

// step returns how long a training step takes.
func (s *stepper) step(b *testing.B) time.Duration {
	const batch, inputs = 64, 784
	x := make([]float32, batch*inputs)
	for i := range x {
		x[i] = float32((i*7+s.batch*13)%31)/31 - 0.5
	}
	labels := make([]int32, batch)
	for i := range labels {
		labels[i] = int32(i % testClasses)
	}
	s.batch++
	begin := time.Now()
	metrics, err := s.trainer.TrainStep(train.Batch{
		Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, batch, inputs)},
		Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels, batch, 1)},
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range metrics {
		m.MaterializeLocal()
		m.MustFinalizeAll()
	}
	return time.Since(begin)
}

// BenchmarkMaskedStep measures what sparse training adds to a step between mask updates: a 3×2048 MLP, batch 64, Adam.
// Steps of the sparse and of the dense model alternate; the metric masked/dense is the ratio of their medians.
//
//	go test ./dstee -run '^$' -bench MaskedStep -benchtime 50x
func BenchmarkMaskedStep(b *testing.B) {
	for _, name := range []string{"xla", "go"} {
		b.Run(name, func(b *testing.B) {
			backend := backendtest.Get(b, name)
			sparse := dstee.New(0.05).DeltaT(1000)
			base := func() optimizer.Interface { return optimizer.Adam().Done() }
			masked := &stepper{trainer: newSession(backend, newStore(b), wideModel, sparse, base()).trainer}
			dense := &stepper{trainer: newSession(backend, newStore(b), wideModel, nil, base()).trainer}
			for range 3 { // Compilation and warm-up.
				masked.step(b)
				dense.step(b)
			}
			var maskedTimes, denseTimes []time.Duration
			for b.Loop() {
				maskedTimes = append(maskedTimes, masked.step(b))
				denseTimes = append(denseTimes, dense.step(b))
			}
			m, d := median(maskedTimes), median(denseTimes)
			b.ReportMetric(m.Seconds()/d.Seconds(), "masked/dense")
			b.ReportMetric(float64(m.Microseconds())/1000, "masked-ms")
			b.ReportMetric(float64(d.Microseconds())/1000, "dense-ms")
		})
	}
}

// BenchmarkUpdate measures a mask update of the same model against its training step, with growth by DST-EE: the metric
// update/step is the ratio of medians.
//
//	go test ./dstee -run '^$' -bench BenchmarkUpdate -benchtime 10x
func BenchmarkUpdate(b *testing.B) {
	for _, name := range []string{"xla", "go"} {
		b.Run(name, func(b *testing.B) {
			backend := backendtest.Get(b, name)
			sparse := dstee.New(0.05).DeltaT(1000)
			s := &stepper{trainer: newSession(backend, newStore(b), wideModel, sparse, optimizer.Adam().Done()).trainer}
			update := func() time.Duration {
				begin := time.Now()
				if _, err := sparse.Update(s.batch); err != nil {
					b.Fatal(err)
				}
				return time.Since(begin)
			}
			for range 2 {
				s.step(b)
				update()
			}
			var updates, steps []time.Duration
			for b.Loop() {
				steps = append(steps, s.step(b))
				updates = append(updates, update())
			}
			u, d := median(updates), median(steps)
			b.ReportMetric(u.Seconds()/d.Seconds(), "update/step")
			b.ReportMetric(float64(u.Microseconds())/1000, "update-ms")
		})
	}
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
