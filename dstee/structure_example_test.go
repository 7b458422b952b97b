package dstee_test

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// Convolutions keep 2 of each 4 weights along their inputs, as sparse tensor cores want; all outputs of other layers have the
// same number of inputs.
func ExampleSparsifier_Structure() {
	backend, err := backends.Open("")
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	for path, dims := range map[string][]int{"/conv/weights": {3, 3, 8, 16}, "/dense/weights": {32, 10}} {
		if _, err := store.CreateVariable(path, tensors.FromScalarAndDimensions(float32(1), dims...)); err != nil {
			fmt.Println(err)
			return
		}
	}
	sparse := dstee.New(0.2).Structure(dstee.NM(2, 4), "conv").Structure(dstee.FanIn())
	if err := sparse.Prepare(backend, store); err != nil {
		fmt.Println(err)
		return
	}
	mask, _ := sparse.Mask("/dense/weights")
	inputs := make([]int, 10)
	for i, active := range mask {
		if active {
			inputs[i%10]++
		}
	}
	_, total, _ := sparse.Stats()
	fmt.Println("inputs of each output:", inputs)
	fmt.Println("active in all:", total.Active)
	// Output:
	// inputs of each output: [6 6 6 6 6 6 6 6 6 6]
	// active in all: 636
}
