package compare_test

import (
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/compare"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
)

// A method of a user's own takes part by its name, and a comparison that was done is not done again.
func TestJudge(t *testing.T) {
	rare := dstee.Acquisition{Name: "rare", Score: func(s *dstee.Signals) *graph.Node {
		return graph.Div(graph.Abs(s.Gradient), graph.AddScalar(s.VisitCount(), 1))
	}}
	require.NoError(t, run.Register(dstee.Method{Name: "rare", Grow: rare}))
	base := run.Default()
	base.Width, base.Steps, base.DeltaT = 1./8, 20, 10
	grid := compare.Grid{Contenders: compare.Of(base, "static", "rare"), Sparsities: []float64{0.9}, Seeds: []int64{1, 2}}
	dir, backend := t.TempDir(), backendtest.One(t)
	table, err := compare.Judge(t.Context(), backend, dir, grid, "static")
	require.NoError(t, err)
	require.Len(t, table.Results, 4)
	again, err := compare.Judge(t.Context(), backend, dir, grid, "static")
	require.NoError(t, err)
	require.Equal(t, table.Results, again.Results)
	var text strings.Builder
	require.NoError(t, table.WriteText(&text))
	require.Contains(t, text.String(), "rare")

	_, err = compare.Judge(t.Context(), backend, dir, grid, "dense")
	require.ErrorContains(t, err, "dense")
}
