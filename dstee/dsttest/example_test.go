package dsttest_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/dstee/dsttest"
)

// An acquisition of a user's own takes five lines, and its test one.
func TestMine(t *testing.T) {
	if testing.Short() {
		t.Setenv(backendtest.BackendsEnv, backendtest.Cheapest())
	}
	mine := dstee.Acquisition{Name: "rare gradients", Score: func(s *dstee.Signals) *Node {
		return Div(Abs(s.Gradient), AddScalar(s.VisitCount(), 1))
	}}
	dsttest.RunAll(t, mine)
}
