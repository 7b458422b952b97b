package trace

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRoundTrip(t *testing.T) {
	w, path := create(t)
	layers := smallLayers()
	all := record(t, w, 1, 400, layers...)
	require.NoError(t, w.Close())

	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	require.JSONEq(t, `{"method":"dst-ee","seed":3}`, string(r.Header().Meta))
	index, err := r.Index()
	require.NoError(t, err)
	require.Len(t, index.Rounds(), 41)

	var topology Topology
	steps, rounds := 0, 0
	for rec, err := range r.Records() {
		require.NoError(t, err)
		if rec.Step != nil {
			steps++
			require.Equal(t, steps, rec.Step.Step)
			if steps == 3 {
				require.True(t, math.IsNaN(rec.Step.Scalars[Loss]))
				continue
			}
			require.Equal(t, Scalars{Loss: 1 / float64(steps), LearningRate: 0.1}, rec.Step.Scalars)
			continue
		}
		want := all[rounds]
		require.NoError(t, topology.Advance(rec.Update))
		require.Equal(t, want.update.Params, rec.Update.Params)
		for i, move := range want.moves {
			streamed, err := topology.Transition(move.Path)
			require.NoError(t, err)
			found, err := index.Transition(rounds, move.Path)
			require.NoError(t, err)
			require.Equal(t, streamed, found)
			require.Equal(t, move.Mask, found.After)
			require.Equal(t, move.Kept, found.Kept)
			if want.before != nil {
				require.Equal(t, want.before[i], found.Before)
				checkCounts(t, rec.Update.Layer(move.Path), found.Fates(), move)
			}
		}
		rounds++
	}
	require.Equal(t, 400, steps)
	require.Equal(t, 41, rounds)
}

// checkCounts compares a record's counts with the fates of all weights.
func checkCounts(t *testing.T, l *Layer, fates []Fate, move Move) {
	t.Helper()
	counts := map[Fate]int{}
	explored := 0
	for i, fate := range fates {
		counts[fate]++
		if move.Mask[i] || move.Visits[i] > 0 {
			explored++
		}
	}
	require.Equal(t, []int{l.Dropped, l.Grown, l.Regrown, l.Active, l.Explored}, []int{counts[Dropped] + counts[Regrown],
		counts[Grown] + counts[Regrown], counts[Regrown], counts[Kept] + counts[Grown] + counts[Regrown], explored})
	require.Equal(t, l.Candidates(), counts[Inactive]+counts[Dropped]+counts[Grown]+counts[Regrown])
}
