package lesson

import (
	"math"

	"github.com/sparsekernel/sparsekernel/compare"
	"github.com/sparsekernel/sparsekernel/views"
)

// Sparsities is the figure of a table's accuracies against sparsity. Contenders that train densely, which have a row at
// sparsity 0, are drawn across the sparsities of the others, for comparison.
func Sparsities(table *compare.Table) *views.Figure {
	var lines []views.SparsityLine
	at := map[string]int{} // Of lines, by contender.
	least, most := math.Inf(1), 0.0
	for _, row := range table.Rows {
		i, found := at[row.Contender]
		if !found {
			i = len(lines)
			at[row.Contender] = i
			lines = append(lines, views.SparsityLine{Name: row.Contender})
		}
		lines[i].Points = append(lines[i].Points, point(row))
		if row.Sparsity > 0 {
			least, most = min(least, row.Sparsity), max(most, row.Sparsity)
		}
	}
	for i, line := range lines {
		if len(line.Points) == 1 && line.Points[0].Sparsity == 0 && least < most {
			from, to := line.Points[0], line.Points[0]
			from.Sparsity, to.Sparsity = least, most
			lines[i].Points = []views.SparsityPoint{from, to}
		}
	}
	return views.Sparsities(lines...)
}

func point(row compare.Row) views.SparsityPoint {
	p := views.SparsityPoint{Sparsity: row.Sparsity, Accuracy: row.Accuracy.Mean, Low: math.NaN(), High: math.NaN()}
	if interval := row.Accuracy.Interval; interval != nil {
		p.Low, p.High = interval.Low, interval.High
	}
	return p
}
