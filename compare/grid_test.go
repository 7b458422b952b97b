package compare

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run"
)

func TestCells(t *testing.T) {
	grid := Grid{Contenders: []Contender{contender("rigl"), contender(run.Dense), contender(run.Static)},
		Sparsities: []float64{0.9, 0.975}, Seeds: []int64{7, 3}}
	cells, err := grid.Cells()
	require.NoError(t, err)
	var names []string
	for _, cell := range cells {
		names = append(names, cell.String())
	}
	require.Equal(t, []string{
		"dense, seed 7", "rigl, 90% sparse, seed 7", "static, 90% sparse, seed 7",
		"rigl, 97.5% sparse, seed 7", "static, 97.5% sparse, seed 7",
		"dense, seed 3", "rigl, 90% sparse, seed 3", "static, 90% sparse, seed 3",
		"rigl, 97.5% sparse, seed 3", "static, 97.5% sparse, seed 3",
	}, names)
}

// Dense training has no sparsity, and needs none.
func TestCellsOfDenseTraining(t *testing.T) {
	cells, err := Grid{Contenders: []Contender{contender(run.Dense)}, Seeds: []int64{1}}.Cells()
	require.NoError(t, err)
	require.Len(t, cells, 1)
	require.Zero(t, cells[0].Spec.Sparsity)
}

func TestCellsErrors(t *testing.T) {
	lenet := contender("rigl")
	lenet.Spec.Model = "lenet5"
	twin := contender("rigl")
	twin.Name = "twin"
	endless := contender("rigl")
	endless.Spec.DeltaT = 1000
	sparsities, seeds := []float64{0.9}, []int64{0, 1}
	for _, test := range []struct {
		grid Grid
		want string
	}{
		{Grid{nil, sparsities, seeds}, "nothing to compare"},
		{Grid{[]Contender{contender("rigl")}, sparsities, nil}, "no seed"},
		{Grid{[]Contender{contender("rigl")}, nil, seeds}, "no sparsity"},
		{Grid{[]Contender{contender("rigl"), contender("rigl")}, sparsities, seeds}, `the contender "rigl" is there twice`},
		{Grid{[]Contender{contender("rigl"), twin}, sparsities, seeds}, `"rigl" and "twin" train in the same way`},
		{Grid{[]Contender{contender("set"), lenet}, sparsities, seeds},
			`"set" trains mlp on digits and "rigl" trains lenet5 on digits`},
		{Grid{[]Contender{contender("rigl")}, []float64{0.9, 0.95, 0.9}, seeds}, "the sparsity 0.9 is there twice"},
		{Grid{[]Contender{contender("rigl")}, sparsities, []int64{4, 4}}, "the seed 4 is there twice"},
		{Grid{[]Contender{contender("rigl")}, []float64{1}, seeds}, "rigl, 100% sparse, seed 0: sparsity must be in [0, 1)"},
		{Grid{[]Contender{endless}, sparsities, seeds}, "rigl, 90% sparse, seed 0: the masks would never move"},
	} {
		_, err := test.grid.Cells()
		require.ErrorContains(t, err, test.want)
	}
}
