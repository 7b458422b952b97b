package compare_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/sparsekernel/sparsekernel/compare"
	"github.com/sparsekernel/sparsekernel/run"
)

// Dense training has no sparsity, and is done once per seed.
func ExampleGrid() {
	dense, rigl := run.Default(), run.Default()
	dense.Method, rigl.Method = run.Dense, "rigl"
	grid := compare.Grid{
		Contenders: []compare.Contender{{Name: "dense", Spec: dense}, {Name: "rigl", Spec: rigl}},
		Sparsities: []float64{0.9, 0.95},
		Seeds:      []int64{0, 1},
	}
	cells, err := grid.Cells()
	if err != nil {
		panic(err)
	}
	for _, cell := range cells {
		fmt.Println(cell)
	}
	// Output:
	// dense, seed 0
	// rigl, 90% sparse, seed 0
	// rigl, 95% sparse, seed 0
	// dense, seed 1
	// rigl, 90% sparse, seed 1
	// rigl, 95% sparse, seed 1
}

// How many more images of six test sets a method got right than another: some of it is luck.
func ExampleBootstrapMean() {
	differences := []float64{2, 0, -1, 3, 1, 0}
	estimate := compare.BootstrapMean(differences, 0.95, rand.New(rand.NewPCG(1, 0)))
	fmt.Printf("%.2f, between %.2f and %.2f\n", estimate.Mean, estimate.Interval.Low, estimate.Interval.High)
	estimate = compare.StudentMean(differences, 0.95)
	fmt.Printf("%.2f, between %.2f and %.2f\n", estimate.Mean, estimate.Interval.Low, estimate.Interval.High)
	// Output:
	// 0.83, between -0.50 and 2.33
	// 0.83, between -0.71 and 2.38
}
