// Package compare judges ways of training against each other: several contenders, sparsities and seeds on one model and
// one data set, with intervals that say how much the seeds alone explain.
//
//	grid := compare.Grid{Contenders: …, Sparsities: []float64{0.9, 0.95}, Seeds: []int64{0, 1, 2, 3, 4}}
//	cells, err := grid.Cells()                           // what there is to train
//	results, err := compare.Runner{…}.Run(ctx, cells)    // what came out, kept in a folder cell by cell
//	table, err := compare.NewTable(results, "rigl")      // means, intervals, paired differences
//	err = table.WriteMarkdown(os.Stdout)
//
// Data flows down this list, a file each: grid, folder, runner, statistics, table, and the forms of a table.
package compare
