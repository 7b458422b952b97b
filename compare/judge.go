package compare

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/sparsekernel/sparsekernel/run"
)

// Of returns a contender for each method, by its name, that differs from the base in nothing else.
func Of(base run.Spec, methods ...string) []Contender {
	contenders := make([]Contender, len(methods))
	for i, method := range methods {
		contenders[i] = Contender{Name: method, Spec: base}
		contenders[i].Spec.Method = method
	}
	return contenders
}

// Judge trains what the grid says, keeping results in the folder dir as the command "dstee compare" does, and returns the
// table with differences against the contender named baseline. Called again after an interruption, it goes on; of another
// build of the program it trains all anew.
func Judge(ctx context.Context, backend compute.Backend, dir string, grid Grid, baseline string) (*Table, error) {
	cells, err := grid.Cells()
	if err != nil {
		return nil, err
	}
	if err := CheckBaseline(cells, baseline); err != nil {
		return nil, err
	}
	runner, err := NewRunner(backend, dir)
	if err != nil {
		return nil, err
	}
	results, err := runner.Run(ctx, cells)
	if err != nil {
		return nil, err
	}
	return NewTable(results, baseline)
}
