package dstee_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// scoresOf returns the growth scores of a random layer after the given step.
func scoresOf(t *testing.T, backend compute.Backend, grow dstee.Acquisition, step int) []float32 {
	t.Helper()
	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, dstee.OnHost)
	require.NoError(t, err)
	state, _ := randomLayer(1, 2000)
	state.Round, state.TotalSteps, state.Path = 3, 100, "/layer/weights"
	state, err = updater.Remember(state, step, 11)
	require.NoError(t, err)
	scores, err := updater.GrowScores(state, step, 11)
	require.NoError(t, err)
	return scores
}

// A composition scores as the same function written by hand, with the numbers and the memory of each part its own.
func TestCompositionsEqualHandWritten(t *testing.T) {
	one := dstee.Constant(1)
	twice := dstee.DSTEE(dstee.Constant(0.5), one).Add(dstee.DSTEE(dstee.Linear{First: 0, Last: 2, End: 20}, dstee.Constant(3)))
	sinceActive := inGo(func(s *dstee.Signals) *Node { return Sub(s.Round, s.LastActive()) }, dstee.LastActive)
	for _, test := range []struct {
		composed dstee.Acquisition
		name     string
		params   []string
		memory   int
		formula  string // Of the same at step 10.
	}{
		{twice, "dst-ee + dst-ee", []string{"c", "epsilon", "c2", "epsilon2"}, 0, "abs(g)+0.5*lnt/(n+1) + (abs(g)+1*lnt/(n+3))"},
		{twice.Add(twice), "dst-ee + dst-ee + dst-ee + dst-ee", []string{"c", "epsilon", "c2", "epsilon2", "c3", "epsilon3", "c22", "epsilon22"}, 0,
			"(abs(g)+0.5*lnt/(n+1) + (abs(g)+1*lnt/(n+3))) + (abs(g)+0.5*lnt/(n+1) + (abs(g)+1*lnt/(n+3)))"},
		{dstee.RigL().Scale(dstee.Constant(0.25)), "0.25 · rigl", []string{"scale"}, 0, "abs(g)*0.25"},
		{twice.Scale(one).Scale(one), "1 · (1 · (dst-ee + dst-ee))", []string{"c", "epsilon", "c2", "epsilon2", "scale", "scale2"}, 0,
			"abs(g)+0.5*lnt/(n+1) + (abs(g)+1*lnt/(n+3))"},
		{twice.WithSchedule("c2", dstee.Constant(5)), "dst-ee + dst-ee", []string{"c", "epsilon", "c2", "epsilon2"}, 0,
			"abs(g)+0.5*lnt/(n+1) + (abs(g)+5*lnt/(n+3))"},
		{dstee.RigL().Noise(dstee.Constant(0.125)), "rigl + noise", []string{"sigma"}, 0, "abs(g) + 0.125*normal"},
		{dstee.SET().Add(dstee.SET()), "set + set", nil, 0, "random + random"}, // Each draws its own.
		{sinceActive.Add(sinceActive.Scale(dstee.Constant(2))), "in Go + 2 · in Go", []string{"scale"}, 2, "(round-last) + (round-last)*2"},
	} {
		backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
			require.Equal(t, test.name, test.composed.Name)
			var params []string
			for _, p := range test.composed.Params {
				params = append(params, p.Name)
			}
			require.Equal(t, test.params, params)
			require.Len(t, test.composed.Memory, test.memory)
			require.Equal(t, scoresOf(t, backend, dstee.MustFormula(test.formula), 10), scoresOf(t, backend, test.composed, 10), test.name)
		})
	}
}

// The parts are values: composing changes none of them.
func TestCompositionsLeaveTheirParts(t *testing.T) {
	part := dstee.DSTEE(dstee.Constant(1), dstee.Constant(1))
	_ = part.Add(part).Scale(dstee.Constant(2)).WithSchedule("c", dstee.Constant(7)).Noise(dstee.Constant(1))
	_ = part.WithSchedule("c", dstee.Constant(7))
	require.Equal(t, []dstee.Param{{Name: "c", Value: dstee.Constant(1)}, {Name: "epsilon", Value: dstee.Constant(1)}}, part.Params)
}

// Schedules of a composition change without compiling anything anew.
func TestCompositionsNeverRecompile(t *testing.T) {
	builds := 0
	counted := inGo(func(s *dstee.Signals) *Node {
		builds++
		return Abs(s.Gradient)
	})
	grow := counted.Scale(dstee.Linear{First: 1, Last: 0, End: 9}).Noise(dstee.Linear{First: 1, Last: 0, End: 9})
	updater, err := dstee.NewUpdater(backendtest.One(t), dstee.Magnitude(), grow, dstee.OnHost)
	require.NoError(t, err)
	var last []float32
	for step := 1; step < 10; step++ {
		state, _ := randomLayer(1, 500)
		scores, err := updater.GrowScores(state, step, 1)
		require.NoError(t, err)
		require.NotEqual(t, last, scores)
		last = scores
	}
	require.Equal(t, 1, builds)
}

// What cannot work is an error with the reason, before anything is compiled.
func TestCompositionErrors(t *testing.T) {
	backend := backendtest.One(t)
	for _, test := range []struct {
		grow dstee.Acquisition
		want string
	}{
		{dstee.DSTEE(dstee.Constant(1), dstee.Constant(1)).WithSchedule("sigma", dstee.Constant(1)).Scale(dstee.Constant(1)),
			`WithSchedule("sigma"): it has no parameter of that name, only ["c" "epsilon"]`},
		{dstee.RigL().Add(dstee.Acquisition{Name: "empty"}), `its part "empty" has no Score function`},
		{dstee.RigL().Scale(dstee.Constant(math.NaN())), `its parameter "scale" is NaN at step 1`},
		{dstee.RigL().Scale(nil), `its parameter "scale" is nil`},
		{dstee.Acquisition{Name: "twins", Score: dstee.RigL().Score, Params: []dstee.Param{{"c", dstee.Constant(1)}, {"c", dstee.Constant(2)}}},
			`has two parameters named "c"`},
		{dstee.RigL().Normalize(7), "there is no Normalization(7), only ByRank, ByMax and ByStandardScore"},
		{inGo(dstee.RigL().Score, dstee.LastActive, dstee.LastActive), `has two memories named "last"`},
		{inGo(dstee.RigL().Score, dstee.Memory{Name: "mean"}), "needs a name and an Update function"},
	} {
		_, err := dstee.NewUpdater(backend, dstee.Magnitude(), test.grow, dstee.Auto)
		require.ErrorContains(t, err, test.want)
		_, err = prepared(t, dstee.New(0.2).Grow(test.grow), nil)
		require.ErrorContains(t, err, test.want)
	}
}

func ExampleAcquisition_Add() {
	// Grow by the rank of the gradient within the layer, and explore by chance less and less.
	grow := dstee.RigL().Normalize(dstee.ByRank).Noise(dstee.Linear{First: 0.5, Last: 0})
	sparse := dstee.New(0.05).Grow(grow)
	_ = sparse // As any other: see the package's example.

	fmt.Println(grow.Name)
	for _, param := range grow.Params {
		fmt.Printf("%s: %s\n", param.Name, param.Value)
	}
	// Output:
	// rank(rigl) + noise
	// sigma: linear 0.5 → 0 from step 0 to the end of the run
}

// A layer as small as can be is normalized, too.
func TestNormalizeSingle(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for by, want := range map[dstee.Normalization]float32{dstee.ByRank: 0, dstee.ByMax: 1, dstee.ByStandardScore: 0} {
			updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), dstee.RigL().Normalize(by), dstee.OnHost)
			require.NoError(t, err)
			scores, err := updater.GrowScores(dstee.LayerState{
				Weight:   tensors.FromValue([][]float32{{1}}),
				Gradient: tensors.FromValue([][]float32{{4}}),
				Mask:     tensors.FromValue([][]bool{{true}}),
				Visits:   tensors.FromValue([][]int32{{1}}),
			}, 1, 1)
			require.NoError(t, err)
			require.Equal(t, []float32{want}, scores, by)
		}
	})
}
