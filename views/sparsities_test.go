package views

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// compared is two ways to train at three sparsities, and one of a single seed.
func compared() *Figure {
	return Sparsities(
		SparsityLine{"moves", []SparsityPoint{{.9, .98, .975, .985}, {.95, .975, .97, .98}, {.98, .97, .96, .98}}},
		SparsityLine{"stands still", []SparsityPoint{{.9, .979, .974, .984}, {.95, .96, .955, .965}, {.98, .93, .9, .96}}},
		SparsityLine{"one seed", []SparsityPoint{{.9, .97, nan(), nan()}, {.98, .95, nan(), nan()}}},
	)
}

func TestSparsities(t *testing.T) {
	f := compared()
	checkFigure(t, f)
	require.Contains(t, f.Alt, "moves 98.0% at 90% (97.5 to 98.5), 97.5% at 95%")
	require.Contains(t, f.Alt, "one seed 97.0% at 90%, 95.0% at 98%")
	require.Contains(t, f.SVG(), ">one seed</text>")

	one := Sparsities(SparsityLine{"one point", []SparsityPoint{{.9, 1, 1, 1}}})
	checkFigure(t, one)
	require.False(t, one.Empty())

	for _, f := range []*Figure{Sparsities(), Sparsities(SparsityLine{Name: "nothing"})} {
		checkFigure(t, f)
		require.True(t, f.Empty())
	}
}
