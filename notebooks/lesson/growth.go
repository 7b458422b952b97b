package lesson

import "github.com/sparsekernel/sparsekernel/views"

// Growth counts the weights that the mask updates of a run grew. A weight that an update dropped and grew at once did not
// move, and does not count; one that grew several times counts as often.
type Growth struct {
	New   int // Active in no topology before.
	Again int // Grown once more: they were active before, and dropped.
}

// AgainShare is the share of the grown weights that had been active before; 0 if nothing grew.
func (g Growth) AgainShare() float64 {
	if g.New+g.Again == 0 {
		return 0
	}
	return float64(g.Again) / float64(g.New+g.Again)
}

// GrowthOf counts what the updates of a run grew, over all layers.
func GrowthOf(r *views.Run) Growth {
	var g Growth
	explored := 0
	for i, u := range r.Applied() {
		entered, now := 0, 0
		for _, l := range u.Layers {
			entered, now = entered+l.Grown-l.Regrown, now+l.Explored
		}
		if i > 0 { // The first masks were not grown.
			g.New += now - explored
			g.Again += entered - (now - explored)
		}
		explored = now
	}
	return g
}
