package trace

// Transition is what one update did to the mask of one layer. Masks are flat and row-major, true where active.
type Transition struct {
	Path  string
	Shape []int
	Round int

	Before []bool // The mask before the update. Nil at the first update of a trace.
	Kept   []bool // Those of Before that were not dropped. Nil likewise.
	After  []bool // The mask after the update: those kept, and those grown.
}

// Fate is what an update did to a weight.
type Fate uint8

const (
	Inactive Fate = iota // Inactive before and after.
	Kept                 // Active before and after.
	Dropped              // Active before, inactive after.
	Grown                // Inactive before, active after.
	Regrown              // Dropped and grown in the same update.
)

// String names the fate.
func (f Fate) String() string {
	return [...]string{"inactive", "kept", "dropped", "grown", "regrown"}[f]
}

// Fates returns the fate of each weight, flat and row-major. At the first update of a trace, active weights are Kept.
func (tr *Transition) Fates() []Fate {
	fates := make([]Fate, len(tr.After))
	for i, after := range tr.After {
		before, kept := after, after
		if tr.Before != nil {
			before, kept = tr.Before[i], tr.Kept[i]
		}
		switch {
		case kept:
			fates[i] = Kept
		case before && after:
			fates[i] = Regrown
		case before:
			fates[i] = Dropped
		case after:
			fates[i] = Grown
		}
	}
	return fates
}
