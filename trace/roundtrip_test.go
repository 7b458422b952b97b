package trace

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// What was recorded is read back: scalars, counts and masks, one after the other and by round.
func TestRoundTrip(t *testing.T) {
	events := simulate(400, smallLayers()...)
	path, _ := write(t, events)
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	require.JSONEq(t, `{"method":"dst-ee","seed":3}`, string(r.Header().Meta))
	index, err := r.Index()
	require.NoError(t, err)
	require.Len(t, index.Rounds(), 40) // The first masks, and 39 updates.

	var topology Topology
	steps := 0
	for rec, err := range r.Records() {
		require.NoError(t, err)
		if rec.Step != nil {
			steps++
			checkStep(t, events[steps], rec.Step)
			continue
		}
		want := events[rec.Update.Step]
		require.NoError(t, topology.Advance(rec.Update))
		require.Equal(t, want.update.Params, rec.Update.Params)
		require.Equal(t, want.update.Skipped, rec.Update.Skipped)
		for i, move := range want.moves {
			streamed, err := topology.Transition(move.Path)
			require.NoError(t, err)
			found, err := index.Transition(rec.Update.Round, move.Path)
			require.NoError(t, err)
			require.Equal(t, streamed, found)
			require.Equal(t, move.Mask, found.After)
			require.Equal(t, move.Kept, found.Kept)
			if want.before != nil {
				require.Equal(t, want.before[i], found.Before)
				visits, err := index.Visits(rec.Update.Round-1, move.Path)
				require.NoError(t, err)
				require.Equal(t, move.Visits, visits)
				checkCounts(t, rec.Update.Layer(move.Path), found.Fates(), move)
			}
		}
	}
	require.Equal(t, 400, steps)

	_, err = index.Mask(40, "/out/weights")
	require.ErrorContains(t, err, "there is no round 40 in "+path+", only 0 to 39")
	_, err = index.Mask(4, "/in")
	require.ErrorContains(t, err, `there is no layer "/in", only ["/hidden/weights" "/out/weights"]`)
}

func checkStep(t *testing.T, want event, got *Step) {
	t.Helper()
	require.Equal(t, want.step, got.Step)
	require.Equal(t, math.IsNaN(want.loss), math.IsNaN(got.Scalars[Loss]))
	if !math.IsNaN(want.loss) {
		require.Equal(t, Scalars{Loss: want.loss, LearningRate: 0.1}, got.Scalars)
	}
}

// checkCounts compares a record's counts with the fates of all weights.
func checkCounts(t *testing.T, l *Layer, fates []Fate, move Move) {
	t.Helper()
	counts := map[Fate]int{}
	explored, threshold := 0, math.Inf(1)
	for i, fate := range fates {
		counts[fate]++
		if move.Mask[i] || move.Visits[i] > 0 {
			explored++
		}
		if fate == Grown || fate == Regrown {
			threshold = min(threshold, float64(move.Score[i]))
		}
	}
	require.Equal(t, []int{l.Dropped, l.Grown, l.Regrown, l.Active, l.Explored}, []int{counts[Dropped] + counts[Regrown],
		counts[Grown] + counts[Regrown], counts[Regrown], counts[Kept] + counts[Grown] + counts[Regrown], explored})
	require.Equal(t, l.Candidates(), counts[Inactive]+counts[Dropped]+counts[Grown]+counts[Regrown])
	require.Equal(t, l.Grown == 0, l.Threshold == nil)
	if l.Threshold != nil {
		require.Equal(t, float32(threshold), float32(*l.Threshold))
	}
	require.Equal(t, l.Candidates() == 0, l.Scores == nil)
	for j, i := range l.Sample.Index {
		require.Contains(t, []Fate{Inactive, Dropped, Grown, Regrown}, fates[i])
		require.Equal(t, l.Sample.Grown[j], fates[i] == Grown || fates[i] == Regrown)
		require.Equal(t, abs(move.Gradient[i]), l.Sample.Gradient[j])
		require.Equal(t, move.Visits[i], l.Sample.Visits[j])
		require.Equal(t, move.Score[i], l.Sample.Score[j])
	}
	require.Equal(t, l.Size, sum(l.Visits.Counts))
	before := l.Active - l.Grown + l.Dropped
	require.Equal(t, []int{before, l.Size - before}, []int{sum(l.Gradients.Active), sum(l.Gradients.Inactive)})
	require.Nil(t, l.Weights.Inactive)
}

func sum(counts []int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

// Two runs alike have the same trace, byte for byte.
func TestDeterministic(t *testing.T) {
	_, first := write(t, simulate(60, smallLayers()...))
	_, second := write(t, simulate(60, smallLayers()...))
	require.Equal(t, string(first), string(second))
}

// Masks that hardly move are recorded as differences, with a whole one every 16th round.
func TestWholeMasks(t *testing.T) {
	path, _ := write(t, simulate(500, smallLayers()...))
	r, err := Open(path)
	require.NoError(t, err)
	defer r.Close()
	differences := 0
	for rec, err := range r.Records() {
		require.NoError(t, err)
		if u := rec.Update; u != nil && u.Skipped == "" {
			for _, l := range u.Layers {
				if l.Mask.Base != "" {
					differences++
					require.NotZero(t, u.Round%fullEvery)
				}
			}
		}
	}
	require.Greater(t, differences, 20)
}

// What does not fit is refused, and nothing is recorded of it.
func TestRefused(t *testing.T) {
	l := newLayerSim("/w", 0.3, 1, 4, 5)
	w, path := create(t)
	events := simulate(10, l)
	record(t, w, events)
	good := l.next(0.5)
	with := func(change func(*Move)) Move {
		bad := good
		change(&bad)
		return bad
	}
	next := Update{Step: 20, Round: 2}
	for _, test := range []struct {
		name   string
		update Update
		moves  []Move
		want   string
	}{
		{"no moves", next, nil, "it has no moves"},
		{"a step of the past", Update{Step: 9, Round: 2}, []Move{good}, "after step 10: steps must rise"},
		{"a round left out", Update{Step: 20, Round: 3}, []Move{good}, "of round 3, and the one before of round 1"},
		{"another layer", next, []Move{with(func(m *Move) { m.Path = "/v" })}, `had "/w" of shape [4 5] in its place`},
		{"two layers", next, []Move{good, good}, "the moves of 2 layers, and the one before had 1"},
		{"moves of a skipped update", Update{Step: 20, Round: 1, Skipped: "NaN"}, []Move{good}, "and yet has 1 moves"},
		{"layers given", Update{Step: 20, Round: 2, Layers: []Layer{}}, []Move{good}, "Layers must be nil"},
		{"no shape", next, []Move{with(func(m *Move) { m.Shape = []int{0, 5} })}, "dimensions from 1"},
		{"a short mask", next, []Move{with(func(m *Move) { m.Mask = m.Mask[1:] })},
			"Mask has 19 entries, want those of the shape [4 5]: 20"},
		{"long scores", next, []Move{with(func(m *Move) { m.Score = make([]float32, 21) })}, "Score has 21 entries"},
		{"no kept mask", next, []Move{with(func(m *Move) { m.Kept = nil })}, "the move has no Kept"},
		{"no visits", next, []Move{with(func(m *Move) { m.Visits = nil })}, "the move has no Visits"},
		{"kept what was not there", next, []Move{with(func(m *Move) { m.Kept = bitset.OfBools(m.Kept).Not(20).Bools(20) })},
			"that the mask recorded before does not have"},
		{"lost what was kept", next, []Move{with(func(m *Move) { m.Mask = make([]bool, 20) })},
			"were kept that the new mask does not have"},
		{"negative visits", next, []Move{with(func(m *Move) { m.Visits = append([]int32{-1}, m.Visits[1:]...) })},
			"weight 0 has -1 visits"},
		{"a fraction that is no number", Update{Step: 20, Round: 2, DropFraction: math.NaN()}, []Move{good}, "NaN"},
	} {
		t.Run(test.name, func(t *testing.T) { require.ErrorContains(t, w.Update(test.update, test.moves...), test.want) })
	}
	require.ErrorContains(t, w.Step(Step{Step: 10}), "step 10 cannot be recorded after step 10")
	require.ErrorContains(t, w.Time(Timing{Step: 10}), "after that of step 10")
	require.ErrorContains(t, w.Time(Timing{Step: 11, Seconds: math.NaN()}), "cannot have taken NaN seconds")
	require.Equal(t, 10, w.last())

	require.NoError(t, w.Update(next, good))
	require.NoError(t, w.Close())
	records, err := collect(t, path)
	require.NoError(t, err)
	require.Len(t, records, 13)
}
