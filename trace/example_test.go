package trace_test

import (
	"fmt"
	"os"

	"github.com/sparsekernel/sparsekernel/trace"
)

// A run records its first masks, what it measures at each step, and what each mask update does; whoever looks at it reads
// that while it goes on.
func Example() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	w, err := trace.Create(dir, map[string]string{"method": "dst-ee"})
	check(err)
	layer := trace.Move{Path: "/dense/weights", Shape: []int{2, 3}}
	layer.Mask = []bool{true, true, false, false, false, true}
	check(w.Update(trace.Update{}, layer))
	check(w.Step(trace.Step{Step: 1, Scalars: trace.Scalars{trace.Loss: 0.7}}))

	layer.Visits = []int32{1, 1, 0, 0, 0, 1}
	layer.Kept = []bool{true, false, false, false, false, true}
	layer.Mask = []bool{true, false, false, true, false, true}
	layer.Gradient = []float32{0, 0.1, 0.2, -0.5, 0.3, 0}
	layer.Score = []float32{0, 0.2, 0.4, 0.7, 0.5, 0}
	check(w.Update(trace.Update{Step: 2, Round: 1, DropFraction: 0.3, Params: trace.Scalars{"c": 0.2}}, layer))
	check(w.Step(trace.Step{Step: 2, Scalars: trace.Scalars{trace.Loss: 0.6}}))
	check(w.Close())

	r, err := trace.Open(dir)
	check(err)
	defer r.Close()
	for record, err := range r.Records() {
		check(err)
		if step := record.Step; step != nil {
			fmt.Printf("step %d: loss %g\n", step.Step, step.Scalars[trace.Loss])
			continue
		}
		for _, l := range record.Update.Layers {
			fmt.Printf("round %d: %s has %d of %d weights active, %d grown\n", record.Update.Round, l.Path, l.Active, l.Size, l.Grown)
		}
	}
	index, err := r.Index()
	check(err)
	transition, err := index.Transition(1, "/dense/weights")
	check(err)
	fmt.Println(transition.Fates())
	// Output:
	// round 0: /dense/weights has 3 of 6 weights active, 0 grown
	// step 1: loss 0.7
	// round 1: /dense/weights has 3 of 6 weights active, 1 grown
	// step 2: loss 0.6
	// [kept dropped inactive grown inactive kept]
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
