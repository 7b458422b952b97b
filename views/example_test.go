package views_test

import (
	"fmt"
	"os"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views"
)

// A figure of a recorded run, as a picture for a file and as a page.
func Example() {
	dir, err := os.MkdirTemp("", "views")
	check(err)
	defer os.RemoveAll(dir)
	w, err := trace.Create(dir, nil)
	check(err)
	layer := trace.Move{Path: "/dense/weights", Shape: []int{2, 4},
		Mask: []bool{true, false, true, false, false, false, false, false}}
	check(w.Update(trace.Update{}, layer))
	layer.Visits = []int32{1, 0, 1, 0, 0, 0, 0, 0}
	layer.Kept = []bool{true, false, false, false, false, false, false, false}
	layer.Mask = []bool{true, false, false, false, false, true, false, false}
	check(w.Update(trace.Update{Step: 100, Round: 1, DropFraction: 0.5}, layer))
	check(w.Close())

	r, err := views.Open(dir)
	check(err)
	defer r.Close()
	r.Name = "mine"
	figure := views.Exploration(r)
	fmt.Println(figure.Alt)
	fmt.Println(figure.SVG()[:4], len(views.Report("My run", figure)) > 1000)
	// Output:
	// Line chart of the exploration rate over steps: all layers from 25.0% to 37.5%.
	// <svg true
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
