// xp: throw-away experiments.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/optimizers"
	sk "github.com/sparsekernel/sparsekernel/layers"
)

var (
	work  = flag.String("work", "mlp", "")
	opt   = flag.String("opt", "adam", "")
	modes = flag.String("modes", "dense,masked", "")
	n     = flag.Int("n", 30, "")
	plug  = flag.String("backend", "xla", "")
	fwdMask = flag.Bool("fwdmask", false, "")
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func mlp(units ...int) train.ModelFn {
	return func(scope *model.Scope, _ any, inputs []*graph.Node) []*graph.Node {
		x := inputs[0]
		for i, n := range units {
			x = activation.Relu(layers.Dense(scope.In("h%d", i), x, true, n))
		}
		return []*graph.Node{layers.Dense(scope.In("output"), x, true, 10)}
	}
}

// nothing is an optimizer that computes gradients and reduces them to one number.
type nothing struct{ grads bool }

func (o nothing) Clear(*model.Scope) error { return nil }
func (o nothing) UpdateGraph(scope *model.Scope, g *graph.Graph, l *graph.Node) {
	optimizer.IncrementGlobalStep(g, 8)
	if !o.grads {
		return
	}
	i := 0
	grads := scope.BuildTrainableVariablesGradientsGraph(l)
	for v := range scope.IterVariables() {
		if !v.Trainable || !v.InUseByGraph(g) {
			continue
		}
		scope.Store().VariableWithValue("/keep"+v.Path(), tensors.FromShape(v.Shape())).SetTrainable(false).SetNodeValue(grads[i])
		i++
	}
}

type stepper struct {
	name    string
	step    func() float64
	times   []time.Duration
}

func main() {
	flag.Parse()
	backend, err := backends.Open(*plug)
	must(err)
	units, batch := []int{1024, 1024}, 128
	if *work == "wide" {
		units, batch = []int{2048, 2048, 2048}, 64
	}
	var steppers []*stepper
	for _, mode := range split(*modes) {
		steppers = append(steppers, newStepper(backend, mode, units, batch))
	}
	for _, s := range steppers {
		for range 5 {
			s.step()
		}
	}
	for range *n {
		for _, s := range steppers {
			b := time.Now()
			s.step()
			s.times = append(s.times, time.Since(b))
		}
	}
	for _, s := range steppers {
		slices.Sort(s.times)
		q := func(f float64) float64 { return s.times[int(f*float64(len(s.times)-1))].Seconds() * 1000 }
		fmt.Printf("%-6s %-10s %-16s median %7.2f ms  [q1 %7.2f, q3 %7.2f] min %7.2f\n", *work, *opt, s.name, q(.5), q(.25), q(.75), q(0))
	}
}

func split(s string) (r []string) {
	cur := ""
	for _, c := range s + "," {
		if c == ',' {
			r = append(r, cur)
			cur = ""
			continue
		}
		cur += string(c)
	}
	return
}

func newStepper(backend compute.Backend, mode string, units []int, batch int) *stepper {
	store := model.NewStore()
	must(store.SetRNGStateFromSeed(42))
	var base optimizer.Interface
	switch *opt {
	case "adam":
		base = optimizer.Adam().Done()
	case "momentum":
		base = optimizers.SGD().LearningRate(0.1).Momentum(0.9).WeightDecay(5e-4).Done()
	case "sgd":
		base = optimizers.SGD().LearningRate(0.1).Done()
	}
	fn := mlp(units...)
	if *fwdMask { fn = ours(units...) }
	switch mode {
	case "masked":
		sparse := dstee.New(0.05).DeltaT(1000)
		base = sparse.Optimizer(base)
		fn = sparse.Model(fn)
		must(nil)
	case "grad":
		base = nothing{true}
	case "forward":
		base = nothing{false}
	}
	if mode == "raw" {
		return raw(backend, batch)
	}
	trainer := train.NewTrainer(backend, store, fn, loss.SparseCategoricalCrossEntropyLogits, base, nil, nil)
	i := 0
	return &stepper{name: mode, step: func() float64 {
		x := make([]float32, batch*784)
		for j := range x {
			x[j] = float32((j*7+i*13)%31)/31 - 0.5
		}
		labels := make([]int32, batch)
		for j := range labels {
			labels[j] = int32(j % 10)
		}
		i++
		metrics, err := trainer.TrainStep(train.Batch{
			Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, batch, 784)},
			Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels, batch, 1)},
		})
		must(err)
		var r float64
		for _, m := range metrics {
			m.MaterializeLocal()
			m.MustFinalizeAll()
		}
		return r
	}}
}

// raw is an execution of next to nothing.
func raw(backend compute.Backend, batch int) *stepper {
	e := graph.MustNewExec(backend, func(x *graph.Node) *graph.Node { return graph.ReduceAllSum(x) })
	return &stepper{name: "raw", step: func() float64 {
		x := make([]float32, batch*784)
		in := tensors.FromFlatDataAndDimensions(x, batch, 784)
		out := e.MustCall(in)
		out[0].MaterializeLocal()
		return 0
	}}
}

func ours(units ...int) train.ModelFn {
	return func(scope *model.Scope, _ any, inputs []*graph.Node) []*graph.Node {
		x := inputs[0]
		for i, n := range units {
			x = activation.Relu(sk.Dense(scope.In("h%d", i), x, n).Done())
		}
		return []*graph.Node{sk.Dense(scope.In("output"), x, 10).Done()}
	}
}
