package dsttest_test

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/dstee/dsttest"
)

// rareGradients is an acquisition of a user's own: it takes five lines, and its test one.
var rareGradients = dstee.Acquisition{Name: "rare gradients", Score: func(s *dstee.Signals) *Node {
	return Div(Abs(s.Gradient), AddScalar(s.VisitCount(), 1))
}}

func TestMine(t *testing.T) {
	if testing.Short() {
		t.Setenv(backendtest.BackendsEnv, backendtest.Cheapest())
	}
	dsttest.RunAll(t, rareGradients)
}

// The test of a growth score of one's own.
func ExampleRunAll() {
	_ = func(t *testing.T) { // func TestRareGradients(t *testing.T)
		dsttest.RunAll(t, rareGradients)
	}
}

// This build's mask updates are those of the reference.
func ExampleVectors_Verify() {
	backend, err := backends.Open("go")
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors, err := dsttest.Reference()
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors.Verify(backend, func(r dsttest.Result) {
		if r.Err != nil {
			fmt.Printf("%s: %v\n", r.Case, r.Err)
		}
	})
	fmt.Println(len(vectors.Updates), "updates,", len(vectors.ERK), "distributions")
	// Output:
	// 11 updates, 6 distributions
}
