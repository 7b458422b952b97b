package experiments_test

import (
	"context"
	"fmt"
	"log"

	"github.com/sparsekernel/sparsekernel/experiments"
	"github.com/sparsekernel/sparsekernel/run"
)

// What a twentieth of the paper's VGG-19 on CIFAR-100 would take.
func ExamplePreset_Scale() {
	whole, err := experiments.ByName("vgg19-cifar100")
	if err != nil {
		log.Fatal(err)
	}
	small, err := whole.Scale(0.05)
	if err != nil {
		log.Fatal(err)
	}
	plan, err := run.NewPlan(context.Background(), small.Spec)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d steps, %d mask updates, %.1e FLOPs\n",
		small.Spec.Steps, whole.Spec.Steps, plan.Training.Updates, plan.Training.DenseFLOPs)
	// Output: 2813 of 56250 steps, 56 mask updates, 8.6e+14 FLOPs
}
