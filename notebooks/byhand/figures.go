package byhand

import (
	"fmt"
	"math"

	"github.com/sparsekernel/sparsekernel/notebooks/show"
)

// HTML shows the layer: weights, gradients, and visits.
func (l Layer) HTML() string {
	marks := make([]show.Mark, len(l.Mask))
	weights := make([]float64, len(l.Mask))
	for i, active := range l.Mask {
		weights[i] = math.NaN()
		if active {
			marks[i], weights[i] = show.Active, float64(l.Weight[i])
		}
	}
	return show.Row(
		l.matrix("Weights w", weights, marks, ""),
		l.matrix("Gradients g", floats(l.Gradient), marks, ""),
		l.matrix("Visits N", floats(l.Visits), marks, "%.0f"),
	) + show.Legend(show.Active, show.Inactive)
}

// DropHTML shows what the update drops.
func (u Update) DropHTML() string {
	marks := make([]show.Mark, len(u.Kept))
	magnitudes := make([]float64, len(u.Kept))
	for i, active := range u.Mask {
		magnitudes[i] = math.NaN()
		if !active {
			continue
		}
		marks[i], magnitudes[i] = show.Active, math.Abs(float64(u.Weight[i]))
		if !u.Kept[i] {
			marks[i] = show.Dropped
		}
	}
	title := fmt.Sprintf("|w|: the %d smallest are dropped", u.Drop)
	return u.matrix(title, magnitudes, marks, "") + show.Legend(show.Active, show.Dropped)
}

// GrowHTML shows the two terms of the score, their sum, and what it makes grow.
func (u Update) GrowHTML() string {
	marks := u.marks()
	// Of a kept weight the score does not matter.
	candidates := func(values []float32) []float64 {
		shown := floats(values)
		for i, kept := range u.Kept {
			if kept {
				shown[i] = math.NaN()
			}
		}
		return shown
	}
	return show.Row(
		u.matrix("exploitation |g|", candidates(u.Exploitation), marks, ""),
		u.matrix(fmt.Sprintf("exploration c·ln t/(N+ε), c = %g", u.C), candidates(u.Exploration), marks, ""),
		u.matrix(fmt.Sprintf("their sum: the %d largest grow", u.Drop), candidates(u.Score), marks, ""),
	) + show.Legend(show.Active, show.Dropped, show.Grown, show.Regrown)
}

// marks tell what the update does to each weight.
func (u Update) marks() []show.Mark {
	marks := make([]show.Mark, len(u.Kept))
	for i := range marks {
		dropped := u.Mask[i] && !u.Kept[i]
		switch {
		case u.Kept[i]:
			marks[i] = show.Active
		case dropped && u.Grown[i]:
			marks[i] = show.Regrown
		case dropped:
			marks[i] = show.Dropped
		case u.Grown[i]:
			marks[i] = show.Grown
		}
	}
	return marks
}

func (l Layer) matrix(title string, values []float64, marks []show.Mark, format string) string {
	return show.Matrix{Title: title, Columns: l.Columns, Values: values, Marks: marks, Format: format}.HTML()
}

func floats[T int32 | float32](values []T) []float64 {
	converted := make([]float64, len(values))
	for i, value := range values {
		converted[i] = float64(value)
	}
	return converted
}
