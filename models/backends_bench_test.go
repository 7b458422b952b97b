package models_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/layers"
	"github.com/sparsekernel/sparsekernel/models"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// work is what a benchmark trains: a network, and the shape of the inputs of a batch.
type work struct {
	name   string
	model  train.ModelFn
	input  []int
	lossFn train.LossFn
	labels func(batch int) *tensors.Tensor
}

// works are networks that the pure-Go backend trains in less than a second a step.
func works() []work {
	classes := func(batch int) *tensors.Tensor {
		labels := make([]int32, batch)
		for i := range labels {
			labels[i] = int32(i % 10)
		}
		return tensors.FromFlatDataAndDimensions(labels, batch, 1)
	}
	links := func(batch int) *tensors.Tensor {
		labels := make([]float32, batch)
		for i := range labels {
			labels[i] = float32(i % 2)
		}
		return tensors.FromFlatDataAndDimensions(labels, batch, 1)
	}
	return []work{
		{"MLP", models.MLP(1024, 1024).Done(), []int{128, 28, 28, 1}, loss.SparseCategoricalCrossEntropyLogits, classes},
		{"LeNet-5", models.LeNet5().Done(), []int{128, 28, 28, 1}, loss.SparseCategoricalCrossEntropyLogits, classes},
		{"CNN", threeConvolutions, []int{128, 32, 32, 3}, loss.SparseCategoricalCrossEntropyLogits, classes},
		{"links", models.LinkMLP(128), []int{1024, 16}, loss.BinaryCrossentropyLogits, links},
	}
}

// threeConvolutions has three 3x3 convolutions of 32, 64 and 128 channels, each followed by pooling of 2x2, and a linear layer.
func threeConvolutions(scope *model.Scope, _ any, inputs []*graph.Node) []*graph.Node {
	x := inputs[0]
	for i, channels := range []int{32, 64, 128} {
		x = layers.Conv(scope.In("conv_%d", i), x).Channels(channels).KernelSize(3).PadSame().Done()
		x = layers.MaxPool(layers.Relu(x)).Window(2).Done()
	}
	x = graph.Reshape(x, x.Shape().Dim(0), -1)
	return []*graph.Node{layers.Dense(scope.In("output"), x, 10).Done()}
}

// steps returns a function that takes one step of sparse training on the backend and returns how long it took.
func (w work) steps(b *testing.B, backend string) func() time.Duration {
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(7); err != nil {
		b.Fatal(err)
	}
	trainer := train.NewTrainer(backendtest.Get(b, backend), store, w.model, w.lossFn,
		dstee.New(0.1).Optimizer(optimizers.SGD().LearningRate(0.01).Momentum(0.9).Done()), nil, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	size := 1
	for _, dim := range w.input {
		size *= dim
	}
	x := make([]float32, size)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	step := func() time.Duration {
		batch := train.Batch{
			Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(slices.Clone(x), w.input...)},
			Labels: []*tensors.Tensor{w.labels(w.input[0])},
		}
		begin := time.Now()
		metrics, err := trainer.TrainStep(batch)
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range metrics {
			m.MaterializeLocal()
			m.MustFinalizeAll()
		}
		return time.Since(begin)
	}
	for range 2 { // Compilation and warm-up.
		step()
	}
	return step
}

// BenchmarkBackendStep measures a step of sparse training on each backend.
//
//	GOEXPERIMENT=simd go test ./models -run '^$' -bench BackendStep/CNN/go -benchtime 10x -cpuprofile cpu.out
func BenchmarkBackendStep(b *testing.B) {
	for _, w := range works() {
		for _, backend := range []string{"xla", "go"} {
			b.Run(w.name+"/"+backend, func(b *testing.B) {
				step := w.steps(b, backend)
				for b.Loop() {
					step()
				}
			})
		}
	}
}

// BenchmarkGoXLA compares the backends: steps of sparse training alternate, and the metric go/xla is the ratio of medians.
//
//	GOEXPERIMENT=simd go test ./models -run '^$' -bench GoXLA -benchtime 20x
func BenchmarkGoXLA(b *testing.B) {
	for _, w := range works() {
		b.Run(w.name, func(b *testing.B) {
			xla, pureGo := w.steps(b, "xla"), w.steps(b, "go")
			var xlaTimes, goTimes []time.Duration
			for b.Loop() {
				xlaTimes = append(xlaTimes, xla())
				goTimes = append(goTimes, pureGo())
			}
			slices.Sort(xlaTimes)
			slices.Sort(goTimes)
			x, g := xlaTimes[len(xlaTimes)/2], goTimes[len(goTimes)/2]
			b.ReportMetric(g.Seconds()/x.Seconds(), "go/xla")
			b.ReportMetric(float64(g.Microseconds())/1000, "go-ms")
			b.ReportMetric(float64(x.Microseconds())/1000, "xla-ms")
		})
	}
}
