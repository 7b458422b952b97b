package dstee_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// remembering scores by the gradient of this update and by how long ago the weight was active.
var remembering = dstee.Acquisition{
	Name:   "remembering",
	Memory: []dstee.Memory{{Name: "seen", Update: func(s *dstee.Signals) *Node { return s.Gradient }}, dstee.LastActive},
	Score:  func(s *dstee.Signals) *Node { return Mul(Abs(s.Memory("seen")), Sub(s.Round, s.LastActive())) },
}

// Memory follows the masks round by round; a skipped update leaves it; and only what is declared exists.
func TestMemory(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := newStore(t)
		path := dstee.Scope + testWeights[1]
		var want []float32
		see := func(round float32) {
			mask := flat[bool](t, store, path+"/mask")
			if want == nil {
				want = make([]float32, len(mask))
				for i := range want {
					want[i] = -1
				}
			}
			for i, active := range mask {
				if active {
					want[i] = round
				}
			}
		}
		sparse := dstee.New(0.2).DeltaT(5).TotalSteps(100).Grow(remembering).OnUpdate(func(u *dstee.MaskUpdate) error {
			if !u.Skipped { // What is remembered is what was active before the update.
				require.Equal(t, want, flat[float32](t, store, path+"/memory/grow/last"), "round %d", u.Round)
				require.Equal(t, flat[float32](t, store, path+"/gradient"), flat[float32](t, store, path+"/memory/grow/seen"))
			}
			see(float32(u.Round))
			return nil
		})
		s := newSession(backend, store, testModel, sparse, optimizer.StochasticGradientDescent())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 1)))
		see(0)
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 24)))
		require.Contains(t, want, float32(-1))
		require.Contains(t, want, float32(2))

		bad := make([]float32, 24*24)
		bad[100] = float32(math.Inf(1))
		require.NoError(t, store.GetVariable(path+"/gradient").SetValue(tensors.FromFlatDataAndDimensions(bad, 24, 24)))
		before := flat[float32](t, store, path+"/memory/grow/seen")
		update, err := sparse.Update(25)
		require.NoError(t, err)
		require.True(t, update.Skipped)
		require.Equal(t, before, flat[float32](t, store, path+"/memory/grow/seen"))

		var memories []string
		for v := range store.IterVariables() {
			if strings.Contains(v.Path(), "/memory/") {
				memories = append(memories, v.Path())
			}
		}
		require.Len(t, memories, 2*len(testWeights), "the drop remembers nothing")
	})
}

// A run that was saved and loaded remembers.
func TestMemoryResumes(t *testing.T) {
	backend := backendtest.One(t)
	newSparse := func() *dstee.Sparsifier {
		return dstee.New(0.2).DeltaT(5).TotalSteps(30).Grow(remembering).Drop(overdue)
	}
	whole, resumed := wholeAndResumed(t, backend, newSparse, 14, 30)
	got := snapshot(t, resumed)
	for path, value := range snapshot(t, whole) {
		if strings.HasPrefix(path, dstee.Scope) {
			require.True(t, value.Equal(got[path]), path)
		}
	}
}

// overdue keeps what was active long ago: as a drop score, it tells drop and growth memory apart.
var overdue = dstee.Acquisition{Name: "overdue", Memory: []dstee.Memory{dstee.LastActive},
	Score: func(s *dstee.Signals) *Node { return Add(Abs(s.Weight), Neg(s.LastActive())) }}

// Memory of another type in the store, and an update that is not a tensor of the weights' shape, are errors that say so.
func TestMemoryErrors(t *testing.T) {
	backend := backendtest.One(t)
	store := newStore(t)
	path := dstee.Scope + testWeights[0] + "/memory/grow/last"
	_, err := store.CreateVariable(path, tensors.FromScalarAndDimensions(int32(1), testInputs, 24))
	require.NoError(t, err)
	s := newSession(backend, store, testModel, dstee.New(0.2).DeltaT(5).Grow(remembering), optimizer.StochasticGradientDescent())
	require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 10)), path)

	scalar := inGo(dstee.RigL().Score, dstee.Memory{Name: "mean", Update: func(s *dstee.Signals) *Node { return ReduceAllMean(s.Gradient) }})
	s = newSession(backend, newStore(t), testModel, dstee.New(0.2).DeltaT(5).Grow(scalar), optimizer.StochasticGradientDescent())
	require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 10)), `the memory "mean" must be updated to a value of the weights' shape`)

	undeclared := inGo((*dstee.Signals).LastActive)
	s = newSession(backend, newStore(t), testModel, dstee.New(0.2).DeltaT(5).Grow(undeclared), optimizer.StochasticGradientDescent())
	require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 10)), `the acquisition reads the memory "last", which its Memory do not declare`)

	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), remembering, dstee.Auto)
	require.NoError(t, err)
	state, active := randomLayer(1, 500)
	_, err = updater.Update(state, active, active, 0.5, 10, 0)
	require.ErrorContains(t, err, "the layer has 0 tensors of memory")
}

// Scores may be the bare signal: what they return is theirs, and the layer keeps its own.
func TestScoreIsABareSignal(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		grow := inGo(func(s *dstee.Signals) *Node { return s.Gradient })
		updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, dstee.OnHost)
		require.NoError(t, err)
		state, _ := randomLayer(1, 500)
		want := tensors.MustCopyFlatData[float32](state.Gradient)
		for range 3 {
			scores, err := updater.GrowScores(state, 1, 1)
			require.NoError(t, err)
			require.Equal(t, want, scores)
			require.Equal(t, want, tensors.MustCopyFlatData[float32](state.Gradient))
		}
	})
}

// The first moment is that of the optimizer, where it has one; otherwise the error says what it has.
func TestMomentum(t *testing.T) {
	grow := inGo(func(s *dstee.Signals) *Node { return Abs(s.Momentum()) }).Noise(dstee.Constant(1e-9))
	for name, test := range map[string]struct {
		base optimizer.Interface
		want string
	}{
		"adam": {base: optimizer.Adam().Done()},
		"rmsprop": {optimizer.RMSProp().Done(), fmt.Sprintf("the score reads the optimizer's first moment, which this optimizer does not keep: GoMLX's "+
			"Adam, AdamW and Adamax do, and optimizers.SGD with Momentum\nof the sparse layers the optimizer keeps: [%q ", "/AdamOptimizer/first/dense/weights_2nd_moment")},
		"sgd": {optimizer.StochasticGradientDescent(), "of the sparse layers the optimizer keeps: []"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(backendtest.One(t), newStore(t), testModel, dstee.New(0.2).DeltaT(5).Grow(grow), test.base)
			err := firstError(s.loop.RunSteps(testData{}, 5))
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
		})
	}
}

// A drop by the first moment drops the active weights of smallest moment, those that momentum SGD of this project keeps.
func TestDropByMomentum(t *testing.T) {
	path := testWeights[1]
	newBase := func() optimizer.Interface { return optimizers.SGD().LearningRate(0.05).Momentum(0.9).Done() }
	run := func(store *model.Store, deltaT int) {
		drop := inGo(func(s *dstee.Signals) *Node { return Abs(s.Momentum()) })
		never := inGo(func(s *dstee.Signals) *Node { return Neg(ConvertDType(s.Mask, dtypes.Float32)) }) // Regrows nothing.
		sparse := dstee.New(0.2).DeltaT(deltaT).TotalSteps(100).DropFraction(dstee.Constant(0.25)).Drop(drop).Grow(never)
		require.NoError(t, firstError(newSession(backendtest.One(t), store, testModel, sparse, newBase()).loop.RunSteps(testData{}, 5)))
	}
	moved, still := newStore(t), newStore(t)
	run(moved, 5)
	run(still, 100) // Keeps what the update of the other saw.
	moments, before := flat[float32](t, still, "/SGD"+path+"_momentum"), flat[bool](t, still, dstee.Scope+path+"/mask")
	after := flat[bool](t, moved, dstee.Scope+path+"/mask")
	largestDropped, smallestKept := 0.0, math.Inf(1)
	for i, active := range before {
		size := math.Abs(float64(moments[i]))
		switch {
		case active && !after[i]:
			largestDropped = max(largestDropped, size)
		case active:
			smallestKept = min(smallestKept, size)
		}
	}
	require.Positive(t, largestDropped)
	require.LessOrEqual(t, largestDropped, smallestKept)
}

// A score may be another function for each layer, also for layers of one shape.
func TestPath(t *testing.T) {
	grow := inGo(func(s *dstee.Signals) *Node {
		if s.Path() == "/second" {
			return Neg(s.Gradient)
		}
		return Abs(s.Gradient)
	})
	updater, err := dstee.NewUpdater(backendtest.One(t), dstee.Magnitude(), grow, dstee.OnHost)
	require.NoError(t, err)
	scores := func(path string) []float32 {
		state, _ := randomLayer(1, 500)
		state.Path = path
		scores, err := updater.GrowScores(state, 1, 1)
		require.NoError(t, err)
		return scores
	}
	first, second := scores("/first"), scores("/second")
	for i := range first {
		require.Equal(t, math.Abs(float64(second[i])), float64(first[i]))
	}
	require.NotEqual(t, first, second)
	require.Equal(t, first, scores("/first"))
	require.Equal(t, second, scores("/second"))
	require.Equal(t, first, scores("/third"))
}

// Normal numbers have the moments of the normal distribution, and the same bits on all backends.
func TestNormal(t *testing.T) {
	var first []float32
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), inGo((*dstee.Signals).Normal), dstee.OnHost)
		require.NoError(t, err)
		state, _ := randomLayer(1, 100000)
		x, err := updater.GrowScores(state, 5, 1)
		require.NoError(t, err)
		var moments [5]float64
		within := 0.0
		for _, v := range x {
			for k := range moments {
				moments[k] += math.Pow(float64(v), float64(k)) / float64(len(x))
			}
			if math.Abs(float64(v)) < 1 {
				within += 1 / float64(len(x))
			}
		}
		require.InDelta(t, 0, moments[1], 0.015)
		require.InDelta(t, 1, moments[2], 0.02)
		require.InDelta(t, 0, moments[3], 0.04)
		require.InDelta(t, 2.9, moments[4], 0.1)
		require.InDelta(t, 0.6827, within, 0.01)
		if first == nil {
			first = x
		}
		require.Equal(t, first, x)
	})
}
