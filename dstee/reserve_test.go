package dstee_test

import (
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// kept is a layer under a Reserve.
type kept struct {
	mask, backward   []bool
	weights, reserve []float32
	all              []float32 // The weights with those in reserve.
}

// keptOf checks what always holds of the layer: reserve and weights never overlap, and the active weights are trained.
func keptOf(t *testing.T, store *model.Store, path string) kept {
	t.Helper()
	k := kept{
		mask:     flat[bool](t, store, dstee.Scope+path+"/mask"),
		backward: flat[bool](t, store, dstee.Scope+path+"/backward"),
		weights:  flat[float32](t, store, path),
		reserve:  flat[float32](t, store, dstee.Scope+path+"/reserve"),
	}
	for i, active := range k.mask {
		if active {
			require.Zero(t, k.reserve[i])
			require.True(t, k.backward[i])
		} else {
			require.Zero(t, k.weights[i])
		}
		k.all = append(k.all, k.weights[i]+k.reserve[i])
	}
	return k
}

// largest returns a mask of the n entries of largest magnitude, ties to the lowest index.
func largest(values []float32, n int) []bool {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return size(values[order[a]]) > size(values[order[b]]) })
	mask := make([]bool, len(values))
	for _, i := range order[:n] {
		mask[i] = true
	}
	return mask
}

// Top-KAST's active weights are the largest of all, those in reserve included, anew at each update and from the first step
// on; twice as many are trained; what is not trained neither moves nor has optimizer state.
func TestTopKAST(t *testing.T) {
	bases := map[string]func() optimizer.Interface{
		"adamw": func() optimizer.Interface { return optimizer.Adam().LearningRate(0.03).WeightDecay(0.01).Done() },
		"momentum": func() optimizer.Interface {
			return optimizers.SGD().LearningRate(0.3).Momentum(0.9).Nesterov(true).WeightDecay(5e-4).Done()
		},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for name, base := range bases {
			t.Run(name, func(t *testing.T) {
				if testing.Short() && name != "adamw" {
					t.Skip("one optimizer is enough for -short")
				}
				store := newStore(t)
				sparse := dstee.New(0.2).Method(dstee.MethodTopKAST()).DeltaT(5)
				s := newSession(backend, store, testModel, sparse, base())
				before := map[string]kept{}
				entered, moved := 0, 0
				s.loop.OnStep("check", 100, func(loop *train.Loop, _ []*tensors.Tensor) error {
					for _, path := range testWeights {
						now, last := keptOf(t, store, path), before[path]
						active := count(now.mask)
						require.Equal(t, min(len(now.mask), 2*active), count(now.backward))
						if (loop.LoopStep+1)%5 == 0 {
							require.Equal(t, largest(now.all, active), now.mask, "step %d", loop.LoopStep+1)
							require.Equal(t, largest(now.all, count(now.backward)), now.backward)
						} else if last.mask != nil {
							require.Equal(t, last.mask, now.mask)
						}
						for i := range now.all {
							if last.mask == nil {
								break
							}
							if !last.backward[i] {
								require.Equal(t, last.all[i], now.all[i], "what is not trained does not move")
							} else if !last.mask[i] && last.all[i] != now.all[i] {
								moved++
							}
							if now.mask[i] && !last.mask[i] {
								entered++
								require.NotZero(t, now.weights[i], "a weight comes with its value")
							}
						}
						for v := range store.IterVariables() {
							if strings.Contains(v.Path(), path) && (strings.Contains(v.Path(), "moment")) {
								for i, m := range flat[float32](t, store, v.Path()) {
									require.True(t, m == 0 || now.backward[i], "%s at %d", v.Path(), i)
								}
							}
						}
						before[path] = now
					}
					return nil
				})
				require.NoError(t, firstError(s.loop.RunSteps(testData{}, 30)))
				require.Positive(t, moved, "weights in reserve are trained")
				require.Positive(t, entered, "and become active")
			})
		}
	})
}

// The first active weights are the largest of the initial ones, of which none is forgotten.
func TestReserveKeepsInitialValues(t *testing.T) {
	backend := backendtest.One(t)
	store, dense := newStore(t), initialStore(t, backend)
	sparse := dstee.New(0.2).Method(dstee.MethodTopKAST())
	s := newSession(backend, store, testModel, sparse, optimizers.SGD().LearningRate(1e-30).Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 100)))
	for _, path := range testWeights {
		k, initial := keptOf(t, store, path), flat[float32](t, dense, path)
		require.Equal(t, initial, k.all)
		require.Equal(t, largest(initial, count(k.mask)), k.mask)
	}
}

// Structures hold with a reserve, too, for the active weights and for those that are trained.
func TestReserveStructured(t *testing.T) {
	store := newStore(t)
	sparse := dstee.New(0.25).Method(dstee.MethodTopKAST()).DeltaT(5).Structure(dstee.FanIn())
	s := newSession(backendtest.One(t), store, testModel, sparse, optimizer.Adam().LearningRate(0.03).Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 20)))
	for i, path := range testWeights {
		k := keptOf(t, store, path)
		outputs := []int{24, 24, testClasses}[i]
		for _, set := range [][]bool{k.mask, k.backward} {
			perOutput := make([]int, outputs)
			for j, in := range set {
				if in {
					perOutput[j%outputs]++
				}
			}
			for _, n := range perOutput {
				require.Equal(t, perOutput[0], n, path)
			}
		}
	}
}

// The exploration regularizer shrinks active weights by their size, those that are only trained faster by the inverse of the
// layer's density, and no others.
func TestExplorationDecay(t *testing.T) {
	backend := backendtest.One(t)
	const rate, decay = 0.1, 0.1
	once := func(decay float64) map[string]kept { // One step, before any update.
		store := newStore(t)
		m := dstee.MethodTopKAST()
		m.Reserve = &dstee.Reserve{Decay: decay}
		sparse := dstee.New(0.2).Method(m).DeltaT(2).TotalSteps(10)
		s := newSession(backend, store, testModel, sparse, optimizers.SGD().LearningRate(rate).Done())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 1)))
		layers := map[string]kept{}
		for _, path := range testWeights {
			layers[path] = keptOf(t, store, path)
		}
		return layers
	}
	dense := initialStore(t, backend)
	plain, decayed := once(0), once(decay)
	for _, path := range testWeights {
		initial := flat[float32](t, dense, path)
		density := float64(count(plain[path].mask)) / float64(len(initial))
		for i, w := range initial {
			want := 0.0
			switch {
			case plain[path].mask[i]:
				want = rate * decay * float64(w)
			case plain[path].backward[i]:
				want = rate * decay * float64(w) / density
			}
			require.InDelta(t, want, float64(plain[path].all[i])-float64(decayed[path].all[i]), 1e-6)
		}
	}
}

// A run that was saved and loaded goes on from its reserve.
func TestReserveResumes(t *testing.T) {
	backend := backendtest.One(t)
	newSparse := func() *dstee.Sparsifier { return dstee.New(0.2).Method(dstee.MethodTopKAST()).DeltaT(5).TotalSteps(30) }
	whole, resumed := wholeAndResumed(t, backend, newSparse, 14, 30)
	got := snapshot(t, resumed)
	for path, value := range snapshot(t, whole) {
		if strings.HasPrefix(path, dstee.Scope) || slices.Contains(testWeights, path) {
			require.True(t, value.Equal(got[path]), path)
		}
	}
}

// What cannot be kept in reserve is an error.
func TestReserveErrors(t *testing.T) {
	backend := backendtest.One(t)
	for _, test := range []struct {
		sparse *dstee.Sparsifier
		base   optimizer.Interface
		want   string
	}{
		{dstee.New(0.1).Method(dstee.MethodTopKAST()).DeltaT(5), heavyBall{}, "cannot train weights in reserve"},
		{dstee.New(0.1).Method(dstee.MethodTopKAST()).DeltaT(5).DropGlobally(), optimizer.Adam().Done(), "layers with weights in reserve do not compete"},
		{dstee.New(0.1).Reserve(dstee.Reserve{Decay: math.NaN()}).DeltaT(5), optimizer.Adam().Done(), "the decay of weights in reserve cannot be negative, got NaN"},
	} {
		s := newSession(backend, newStore(t), testModel, test.sparse, test.base)
		require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 10)), test.want)
	}
}

// Detach leaves the active weights, and nothing of the reserve.
func TestDetachFromReserve(t *testing.T) {
	store := newStore(t)
	sparse := dstee.New(0.2).Method(dstee.MethodTopKAST()).DeltaT(5)
	s := newSession(backendtest.One(t), store, testModel, sparse, optimizer.Adam().Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 10)))
	counts := requireSparse(t, store, testWeights...)
	require.NoError(t, sparse.Detach())
	for i, path := range testWeights {
		nonZero := 0
		for _, w := range flat[float32](t, store, path) {
			if w != 0 {
				nonZero++
			}
		}
		require.Equal(t, counts[i], nonZero)
	}
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 2)))
}
