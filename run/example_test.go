package run_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/run"
)

// A run is trained in one process, or cell of a notebook, and goes on in the next. Then another goes on from its third mask
// update, and explores more.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	backend, err := backends.Open("go")
	if err != nil {
		panic(err)
	}
	spec := run.Default()
	spec.Steps, spec.DeltaT = 40, 10
	ctx, stop := run.UntilInterrupted(context.Background()) // Ctrl-C, or the Stop button, saves.
	defer stop()

	first, err := run.Open(filepath.Join(dir, "first"), spec)
	if err != nil {
		panic(err)
	}
	if _, err := first.On(backend).Train(ctx, 30); err != nil {
		panic(err)
	}
	first.Close()

	again, err := run.Open(filepath.Join(dir, "first"), spec) // In another process, as well.
	if err != nil {
		panic(err)
	}
	defer again.Close()
	summary, err := again.On(backend).Train(ctx, 0)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.0f%% sparse after %d mask updates\n", 100*summary.Sparsity, summary.MaskUpdates)

	step, err := again.AtRound(3)
	if err != nil {
		panic(err)
	}
	fork, err := again.Fork(filepath.Join(dir, "more exploration"), step, func(spec *run.Spec) { spec.C = 0.1 })
	if err != nil {
		panic(err)
	}
	state, err := fork.State()
	if err != nil {
		panic(err)
	}
	fmt.Println(state.Status, "at step", state.Step)
	// Output:
	// 95% sparse after 4 mask updates
	// stopped at step 30
}

// What a run of the paper would train is known before.
func ExampleNewPlan() {
	spec := run.Default()
	spec.Model, spec.Data, spec.Batch, spec.Steps, spec.DeltaT = "vgg19", "cifar100", 128, 62_560, 1000
	plan, err := run.NewPlan(context.Background(), spec)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d weights, %.0f of them active, in %d layers\n", plan.Weights, plan.Active, len(plan.Layers))
	fmt.Printf("%d mask updates; %.3f of the operations of dense training\n", plan.Training.Updates, plan.Training.FLOPsRatio)
	// Output:
	// 20070080 weights, 1003504 of them active, in 17 layers
	// 62 mask updates; 0.109 of the operations of dense training
}
