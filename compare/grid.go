package compare

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/sparsekernel/sparsekernel/run"
)

// Contender is a way of training that takes part in a comparison.
type Contender struct {
	Name string   // Its name in tables.
	Spec run.Spec // How it trains. The grid sets Sparsity and Seed.
}

// Grid is what is compared: every contender at every sparsity with every seed.
type Grid struct {
	Contenders []Contender
	Sparsities []float64 // Shares of inactive weights, in [0, 1).
	Seeds      []int64
}

// Cell is one run of a comparison.
type Cell struct {
	Contender string   `json:"contender"`
	Spec      run.Spec `json:"spec"`
}

// String is a cell for people, such as "rigl, 95% sparse, seed 3".
func (c Cell) String() string {
	if c.Spec.Method == run.Dense {
		return fmt.Sprintf("%s, seed %d", c.Contender, c.Spec.Seed)
	}
	return fmt.Sprintf("%s, %s%% sparse, seed %d", c.Contender, percentName(c.Spec.Sparsity), c.Spec.Seed)
}

// Cells returns the runs of the grid, all those of a seed before those of the next, so that a comparison which is stopped
// early has seen every contender. Contenders that train densely have one cell per seed, of sparsity 0. The error says
// which part of the grid cannot be trained, or is there twice.
func (g Grid) Cells() ([]Cell, error) {
	if err := g.validate(); err != nil {
		return nil, err
	}
	var cells []Cell
	for _, seed := range g.Seeds {
		for _, c := range g.Contenders {
			if c.Spec.Method == run.Dense {
				cells = append(cells, c.cell(0, seed))
			}
		}
		for _, sparsity := range g.Sparsities {
			for _, c := range g.Contenders {
				if c.Spec.Method != run.Dense {
					cells = append(cells, c.cell(sparsity, seed))
				}
			}
		}
	}
	contenders := map[string]string{}
	for _, cell := range cells {
		if err := cell.Spec.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", cell, err)
		}
		key := cell.key("")
		if earlier, found := contenders[key]; found {
			return nil, fmt.Errorf("%q and %q train in the same way: leave one out", earlier, cell.Contender)
		}
		contenders[key] = cell.Contender
	}
	return cells, nil
}

// cell is the contender's run at a sparsity with a seed.
func (c Contender) cell(sparsity float64, seed int64) Cell {
	c.Spec.Sparsity, c.Spec.Seed = sparsity, seed
	return Cell{Contender: c.Name, Spec: c.Spec}
}

func (g Grid) validate() error {
	if len(g.Contenders) == 0 {
		return errors.New("there is nothing to compare: name a method or give a formula")
	}
	if len(g.Seeds) == 0 {
		return errors.New("there is no seed to train with: give one, better five or more")
	}
	allDense := !slices.ContainsFunc(g.Contenders, func(c Contender) bool { return c.Spec.Method != run.Dense })
	if len(g.Sparsities) == 0 && !allDense {
		return errors.New("there is no sparsity to train at: give one, such as 0.95")
	}
	var names []string
	for _, c := range g.Contenders {
		if first := g.Contenders[0]; c.Spec.Model != first.Spec.Model || c.Spec.Data != first.Spec.Data {
			return fmt.Errorf("%q trains %s on %s and %q trains %s on %s: accuracies can be compared on one model and one data set",
				first.Name, first.Spec.Model, first.Spec.Data, c.Name, c.Spec.Model, c.Spec.Data)
		}
		names = append(names, c.Name)
	}
	if name, found := twice(names); found {
		return fmt.Errorf("the contender %q is there twice", name)
	}
	if sparsity, found := twice(g.Sparsities); found {
		return fmt.Errorf("the sparsity %v is there twice", sparsity)
	}
	if seed, found := twice(g.Seeds); found {
		return fmt.Errorf("the seed %d is there twice: it would count as two runs and be one", seed)
	}
	return nil
}

// twice returns the first value that repeats an earlier one.
func twice[V comparable](values []V) (value V, found bool) {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return v, true
		}
	}
	return value, false
}

// percentName is a share in percent with as many digits as it takes: 95, 97.5.
func percentName(share float64) string { return strconv.FormatFloat(100*share, 'g', 8, 64) }
