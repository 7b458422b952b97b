package lesson_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/compare"
	"github.com/sparsekernel/sparsekernel/notebooks/lesson"
)

func TestSparsities(t *testing.T) {
	row := func(contender string, sparsity, mean float64, interval *compare.Interval) compare.Row {
		return compare.Row{Contender: contender, Sparsity: sparsity, Accuracy: compare.Estimate{Mean: mean, Interval: interval}}
	}
	f := lesson.Sparsities(&compare.Table{Rows: []compare.Row{
		row("dense", 0, .99, &compare.Interval{Low: .98, High: 1}),
		row("rigl", .9, .98, nil), row("static", .9, .97, nil),
		row("rigl", .99, .96, nil), row("static", .99, .9, nil),
	}})
	require.Contains(t, f.Alt, "dense 99.0% at 90% (98.0 to 100.0), 99.0% at 99% (98.0 to 100.0)")
	require.Contains(t, f.Alt, "rigl 98.0% at 90%, 96.0% at 99%")
	require.Contains(t, f.Alt, "static 97.0% at 90%, 90.0% at 99%")
	require.True(t, lesson.Sparsities(&compare.Table{}).Empty())
}
