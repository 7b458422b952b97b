package byhand_test

import (
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/notebooks/byhand"
)

// What is done by hand is what package dstee does, for any layer and c, and keeps its invariants.
func TestUpdate(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, c := range []float64{0, 0.01, 0.05, 1} {
			updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), dstee.DSTEE(dstee.Constant(c), dstee.Constant(1)), dstee.Auto)
			require.NoError(t, err)
			for seed := range uint64(50) {
				layer := byhand.Example(seed)
				update := layer.Update(c)
				require.NoError(t, update.Check(updater), "c %g, seed %d", c, seed)
				require.Equal(t, 4, update.Drop) // ⌈0.3·12⌉
				require.Equal(t, 12, count(layer.Mask))
				require.Equal(t, 12-update.Drop, count(update.Kept))
				require.Equal(t, update.Drop, count(update.Grown))
				require.Equal(t, 12, count(update.NewMask()))
				for i, active := range layer.Mask {
					require.False(t, update.Kept[i] && (update.Grown[i] || !active))
					if !active {
						require.Zero(t, layer.Weight[i])
					}
				}
			}
		}
	})
}

// A check that cannot fail would check nothing.
func TestCheckTellsAnotherMask(t *testing.T) {
	updater, err := dstee.NewUpdater(backendtest.One(t), dstee.Magnitude(), dstee.RigL(), dstee.Auto)
	require.NoError(t, err)
	require.ErrorContains(t, byhand.Example(1).Update(1).Check(updater), "by hand the mask is")
}

// Without exploration the largest gradients grow; with nothing but exploration those that were active the least.
func TestExtremes(t *testing.T) {
	layer := byhand.Example(1)
	for i, grown := range layer.Update(0).Grown {
		if grown {
			require.GreaterOrEqual(t, layer.Update(0).Exploitation[i], largest(layer.Update(0), layer.Update(0).Exploitation))
		}
	}
	update := layer.Update(1000)
	for i, grown := range update.Grown {
		if grown {
			require.GreaterOrEqual(t, update.Exploration[i], largest(update, update.Exploration))
		}
	}
}

// largest is the largest of the values of the weights that could have grown and did not.
func largest(u byhand.Update, values []float32) (most float32) {
	for i := range values {
		if !u.Kept[i] && !u.Grown[i] {
			most = max(most, values[i])
		}
	}
	return most
}

func TestFigures(t *testing.T) {
	update := byhand.Example(1).Update(0.05)
	require.Equal(t, 3, strings.Count(update.Layer.HTML(), "<table"))
	require.Equal(t, 3, strings.Count(update.GrowHTML(), "<table"))
	drop := update.DropHTML()
	require.Contains(t, drop, "|w|: the 4 smallest are dropped")
	require.Equal(t, 4, strings.Count(drop, ">↓ 0."), "the dropped have an arrow as well as a color")
	require.Equal(t, 36, strings.Count(drop, "<td"))
}

func count(mask []bool) (n int) {
	for _, is := range mask {
		if is {
			n++
		}
	}
	return n
}
