package views

// Figures returns the views that have something to show of runs, in the order of a report: of a single run all of them, its
// layers one after the other; of several those that lay runs over each other, their convergence by group.
func Figures(groups ...Group) ([]*Figure, error) {
	var runs []*Run
	for _, g := range groups {
		runs = append(runs, g.Runs...)
	}
	c := collection{}
	c.take(Convergence(groups...), nil)
	if len(runs) == 1 {
		c.single(runs[0])
	} else {
		c.take(Exploration(runs...), nil)
		c.take(Survival(runs...))
		c.take(RunSimilarity(runs...))
	}
	return c.figures, c.err
}

// collection takes figures up to the first error.
type collection struct {
	figures []*Figure
	err     error
}

func (c *collection) take(f *Figure, err error) {
	switch {
	case c.err != nil:
	case err != nil:
		c.err = err
	case !f.Empty():
		c.figures = append(c.figures, f)
	}
}

// single takes the figures of one run.
func (c *collection) single(r *Run) {
	layers := r.Layers()
	each := func(view func(r *Run, path string) (*Figure, error)) {
		for _, path := range layers {
			c.take(view(r, path))
		}
	}
	each(Masks)
	c.take(InputMap(r))
	c.take(Exploration(r), nil)
	each(Acquisition)
	each(WhatIfSample)
	c.take(Survival(r))
	each(Visits)
	each(Similarity)
	each(Fans)
	each(Values)
	c.take(Schedule(r), nil)
	c.take(Budget(r), nil)
}
