package dstee_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// randomLayer draws the state of a layer of n weights, a tenth of them active, with ties among weights and gradients.
func randomLayer(seed uint64, n int) (state dstee.LayerState, active int) {
	rng := rand.New(rand.NewPCG(seed, 3))
	w, g, mask, visits := make([]float32, n), make([]float32, n), make([]bool, n), make([]int32, n)
	for i := range w {
		g[i] = float32(rng.IntN(200)-100) / 1e4
		visits[i] = int32(rng.IntN(4))
		if rng.IntN(10) == 0 {
			mask[i] = true
			visits[i]++
			w[i] = float32(rng.IntN(40)-20) / 16
			active++
		}
	}
	return dstee.LayerState{
		Weight:   tensors.FromFlatDataAndDimensions(w, n/10, 10),
		Gradient: tensors.FromFlatDataAndDimensions(g, n/10, 10),
		Mask:     tensors.FromFlatDataAndDimensions(mask, n/10, 10),
		Visits:   tensors.FromFlatDataAndDimensions(visits, n/10, 10),
	}, active
}

// Host and device choose the same bits, on XLA and on Go, for every growth with a name.
func TestUpdateHostEqualsDeviceXLAEqualsGo(t *testing.T) {
	c, epsilon := dstee.Constant(3e-3), dstee.Constant(1)
	for _, name := range []string{"dst-ee", "dst-ee-reference", "rigl", "set"} {
		t.Run(name, func(t *testing.T) {
			grow, err := dstee.GrowthByName(name, c, epsilon)
			require.NoError(t, err)
			reference := map[string][]bool{}
			backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
				for _, place := range []dstee.Place{dstee.OnHost, dstee.OnDevice} {
					updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, place)
					require.NoError(t, err)
					for seed := range uint64(3) {
						state, active := randomLayer(seed, 2000)
						for _, fraction := range []float64{0, 0.1, 0.5, 1} {
							move, err := updater.Update(state, active, active, fraction, 700+int(seed), 11)
							require.NoError(t, err)
							mask := tensors.MustCopyFlatData[bool](move.Mask)
							key := fmt.Sprintf("%d %g", seed, fraction)
							if reference[key] == nil {
								reference[key] = mask
							}
							require.Equal(t, reference[key], mask, "%s on %s", key, place)
							require.Equal(t, active, count(mask))
							require.Equal(t, active-move.Dropped, count(tensors.MustCopyFlatData[bool](move.Kept)))
						}
					}
				}
			})
		})
	}
}

func count(mask []bool) (n int) {
	for _, active := range mask {
		if active {
			n++
		}
	}
	return n
}

// Fractions, counts, steps and parameters are inputs: changing them compiles nothing anew.
func TestUpdateNeverRecompiles(t *testing.T) {
	backend := backendtest.One(t)
	builds := 0
	grow := dstee.Acquisition{Name: "counted", Params: []dstee.Param{{Name: "c", Value: dstee.Linear{First: 1, Last: 0, End: 50}}},
		Score: func(s *dstee.Signals) *Node {
			builds++
			return Add(Abs(s.Gradient), Mul(s.Param("c"), s.VisitCount()))
		}}
	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, dstee.OnDevice)
	require.NoError(t, err)
	state, active := randomLayer(1, 500)
	for step := 1; step <= 50; step++ {
		_, err := updater.Update(state, active, active+step, float64(step)/50, step, uint32(step))
		require.NoError(t, err)
	}
	require.Equal(t, 1, builds)
}

func TestUpdateRejects(t *testing.T) {
	backend := backendtest.One(t)
	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), dstee.RigL(), dstee.Auto)
	require.NoError(t, err)
	state, active := randomLayer(1, 500)
	_, err = updater.Update(state, active, active, 1.5, 10, 0)
	require.ErrorContains(t, err, "the drop fraction must be in [0, 1], got 1.5 at step 10")
	_, err = updater.Update(state, active, 501, 0.5, 10, 0)
	require.ErrorContains(t, err, "a layer of 500 weights cannot have")
	_, err = updater.Update(state, active, active, 0.5, 0, 0)
	require.ErrorContains(t, err, "steps count from 1, got 0")

	_, err = dstee.NewUpdater(backend, dstee.Magnitude(), dstee.Acquisition{Name: "empty"}, dstee.Auto)
	require.ErrorContains(t, err, `"empty" has no Score`)
	undeclared := dstee.Acquisition{Name: "mine", Params: []dstee.Param{{Name: "lambda", Value: dstee.Constant(1)}},
		Score: func(s *dstee.Signals) *Node { return Mul(s.Gradient, s.Param("lamda")) }}
	updater, err = dstee.NewUpdater(backend, dstee.Magnitude(), undeclared, dstee.Auto)
	require.NoError(t, err)
	_, err = updater.Update(state, active, active, 0.5, 10, 0)
	require.ErrorContains(t, err, `"lamda", which its Params do not declare: they are ["lambda"]`)
	scalar := dstee.Acquisition{Name: "mine", Score: func(s *dstee.Signals) *Node { return ReduceAllMean(s.Gradient) }}
	updater, err = dstee.NewUpdater(backend, dstee.Magnitude(), scalar, dstee.Auto)
	require.NoError(t, err)
	_, err = updater.Update(state, active, active, 0.5, 10, 0)
	require.ErrorContains(t, err, `the acquisition "mine" must return a score of the weights' shape`)
}

// Random numbers are the same on all backends, differ between calls, seeds and entries, and are uniform.
func TestRandom(t *testing.T) {
	var first []float32
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		both := dstee.Acquisition{Name: "random", Score: func(s *dstee.Signals) *Node {
			return Sub(s.Random(), s.Random())
		}}
		updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), both, dstee.OnHost)
		require.NoError(t, err)
		state, _ := randomLayer(1, 20000)
		scores, err := updater.GrowScores(state, 5, 1)
		require.NoError(t, err)
		other, err := updater.GrowScores(state, 5, 2)
		require.NoError(t, err)
		require.NotEqual(t, scores, other)
		mean, square := 0.0, 0.0
		for _, x := range scores {
			require.Less(t, x, float32(1))
			mean += float64(x) / float64(len(scores))
			square += float64(x) * float64(x) / float64(len(scores))
		}
		require.InDelta(t, 0, mean, 0.01)
		require.InDelta(t, 1./6, square, 0.01, "the variance of a difference of two uniform numbers is 1/6")
		if first == nil {
			first = scores
		}
		require.Equal(t, first, scores)
	})
}
