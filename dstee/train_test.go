package dstee_test

import (
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/checkpoint"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/optimizers"
)

// heavyBall is an optimizer that dstee knows nothing of: it computes its own gradients, and names its state without the
// weights' paths.
type heavyBall struct{}

func (o heavyBall) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	o.step(scope, scope.BuildTrainableVariablesGradientsGraph(loss))
}

func (o heavyBall) step(scope *model.Scope, grads []*Node) {
	g := grads[0].Graph()
	optimizer.IncrementGlobalStep(g, grads[0].DType())
	var trainable []*model.Variable
	for v := range scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(g) {
			trainable = append(trainable, v)
		}
	}
	for i, v := range trainable {
		state := scope.Store().VariableWithShape(fmt.Sprintf("/ball/%d", i), v.Shape(), initializer.Zero).SetTrainable(false)
		momentum := Add(MulScalar(state.NodeValue(g), 0.9), grads[i])
		state.SetNodeValue(momentum)
		v.SetNodeValue(Sub(v.NodeValue(g), MulScalar(momentum, 0.01)))
	}
}

func (o heavyBall) Clear(*model.Scope) error { return nil }

// heavyBallWithGradients takes gradients.
type heavyBallWithGradients struct{ heavyBall }

func (o heavyBallWithGradients) UpdateGraphWithGradients(scope *model.Scope, grads []*Node, _ dtypes.DType) {
	o.step(scope, grads)
}

var _ train.OptimizeWithGradients = heavyBallWithGradients{}

// The heart of the matter: with any optimizer, counts are exact after every step, nothing inactive is ever stored, masks
// move, and what moves is what the reports say.
func TestSparseFromFirstStepToLast(t *testing.T) {
	bases := []struct {
		name       string
		base       func() optimizer.Interface
		states     int // State tensors per weight.
		accumulate int
	}{
		{"sgd", func() optimizer.Interface {
			return optimizer.StochasticGradientDescent().WithDecay(false).WithLearningRate(0.1)
		}, 0, 1},
		{"adam", func() optimizer.Interface { return optimizer.Adam().LearningRate(0.01).Done() }, 2, 1},
		{"adamw", func() optimizer.Interface { return optimizer.Adam().LearningRate(0.01).WeightDecay(0.01).Done() }, 2, 1},
		{"rmsprop", func() optimizer.Interface { return optimizer.RMSProp().LearningRate(0.01).Done() }, 1, 1},
		{"adam with accumulation", func() optimizer.Interface { return optimizer.Adam().LearningRate(0.01).Done() }, 2, 3},
		{"nesterov with weight decay", func() optimizer.Interface {
			return optimizers.SGD().LearningRate(0.05).Momentum(0.9).Nesterov(true).WeightDecay(5e-4).Done()
		}, 1, 1},
		{"unknown, own gradients", func() optimizer.Interface { return heavyBall{} }, 0, 1},
		{"unknown, given gradients", func() optimizer.Interface { return heavyBallWithGradients{} }, 0, 1},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range bases {
			if testing.Short() && test.accumulate == 1 && test.name != "adam" {
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				store := newStore(t)
				var updates []*dstee.MaskUpdate
				sparse := dstee.New(0.2).DeltaT(5).OnUpdate(func(u *dstee.MaskUpdate) error {
					updates = append(updates, u)
					return nil
				})
				s := newSession(backend, store, testModel, sparse, test.base())
				if test.accumulate > 1 {
					require.NoError(t, s.trainer.AccumulateGradients(test.accumulate))
				}
				var counts []int
				s.loop.OnStep("check", 100, func(loop *train.Loop, _ []*tensors.Tensor) error {
					now := requireSparse(t, store, testWeights...)
					if counts != nil {
						require.Equal(t, counts, now, "counts after step %d", loop.LoopStep)
					}
					counts = now
					return nil
				})
				require.NoError(t, firstError(s.loop.RunSteps(testData{}, 20*test.accumulate)))

				require.Len(t, updates, 4)
				total := 0
				for _, n := range counts {
					total += n
				}
				require.Equal(t, 192, total) // round(0.2 · (12·24 + 24·24 + 24·4))
				moved := 0
				for i, u := range updates {
					require.Equal(t, 5*(i+1), u.Step)
					require.Equal(t, i+1, u.Round)
					require.False(t, u.Skipped)
					for j, l := range u.Layers {
						require.Equal(t, testWeights[j], l.Path)
						require.Equal(t, counts[j], l.Active)
						require.Equal(t, l.Dropped, l.Grown)
						require.LessOrEqual(t, l.Regrown, l.Grown)
						require.LessOrEqual(t, l.Explored, l.Size)
						moved += l.Grown - l.Regrown
					}
				}
				require.Positive(t, moved, "masks move")
				layers, sum, err := sparse.Stats()
				require.NoError(t, err)
				require.Equal(t, total, sum.Active)
				require.Greater(t, sum.Explored, total)
				for j, l := range layers {
					visits := flat[int32](t, store, dstee.Scope+l.Path+"/visits")
					mask := flat[bool](t, store, dstee.Scope+l.Path+"/mask")
					explored, visited := 0, int32(0)
					for e, n := range visits {
						if mask[e] {
							require.Positive(t, n)
						}
						if n > 0 {
							explored++
						}
						visited += n
					}
					require.Equal(t, explored, l.Explored)
					require.EqualValues(t, 5*counts[j], visited, "every topology of %s has the same count", l.Path)
				}
				require.Empty(t, sparse.UnmaskedStates())
				requireStatesSparse(t, store, test.states*len(testWeights))
			})
		}
	})
}

// requireStatesSparse checks that every tensor beside the weights that has a weight's path in its own is zero where the
// weight is inactive.
func requireStatesSparse(t *testing.T, store *model.Store, want int) {
	t.Helper()
	found := 0
	for _, path := range testWeights {
		mask := flat[bool](t, store, dstee.Scope+path+"/mask")
		for v := range store.IterVariables() {
			if !strings.Contains(v.Path(), path) || v.Path() == path || strings.HasPrefix(v.Path(), dstee.Scope) ||
				strings.HasPrefix(v.Path(), "/acc_grads") {
				continue
			}
			found++
			for i, x := range flat[float32](t, store, v.Path()) {
				if !mask[i] {
					require.Zero(t, x, "%s at %d", v.Path(), i)
				}
			}
		}
	}
	require.Equal(t, want, found)
}

// State of an unknown optimizer is masked too, also when two weights share a shape.
func TestStateOfUnknownOptimizer(t *testing.T) {
	twins := func(scope *model.Scope, spec any, inputs []*Node) []*Node {
		inputs = []*Node{Concatenate([]*Node{inputs[0], inputs[0]}, -1)} // 24 inputs: first and second have one shape.
		return testModel(scope, spec, inputs)
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, base := range []optimizer.Interface{heavyBall{}, heavyBallWithGradients{}} {
			store := newStore(t)
			sparse := dstee.New(0.2).DeltaT(5)
			s := newSession(backend, store, twins, sparse, base)
			require.NoError(t, firstError(s.loop.RunSteps(testData{}, 7)))
			_, given := base.(train.OptimizeWithGradients)
			if !given {
				// Nothing tells the twins' states apart: they are reported, not touched.
				require.Equal(t, []string{"/ball/0 [24 24]", "/ball/2 [24 24]"}, sparse.UnmaskedStates())
				continue
			}
			require.Empty(t, sparse.UnmaskedStates())
			for i, path := range testWeights {
				mask := flat[bool](t, store, dstee.Scope+path+"/mask")
				zeros := 0
				for j, x := range flat[float32](t, store, fmt.Sprintf("/ball/%d", 2*i)) {
					if !mask[j] {
						require.Zero(t, x)
						zeros++
					}
				}
				require.Positive(t, zeros)
			}
		}
	})
}

// Optimizers name a state by its weight. The state of a dense weight is its own, also if its path holds that of a sparse one.
func TestStateOfDenseNamesake(t *testing.T) {
	nested := func(scope *model.Scope, _ any, inputs []*Node) []*Node {
		x := Tanh(layers.Dense(scope, inputs[0], false, testInputs))
		x = Tanh(layers.Dense(scope.In("block"), x, false, testInputs))
		return []*Node{layers.Dense(scope.In("output"), x, true, testClasses)}
	}
	for _, base := range []optimizer.Interface{optimizer.Adam().Done(), optimizers.SGD().Momentum(0.9).Done()} {
		store := newStore(t)
		sparse := dstee.New(0.2).DeltaT(2).KeepDense("block")
		s := newSession(backendtest.One(t), store, nested, sparse, base)
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 3)))
		require.Empty(t, sparse.UnmaskedStates())
		found, mask := 0, flat[bool](t, store, dstee.Scope+"/dense/weights/mask")
		for v := range store.IterVariables() {
			if strings.HasSuffix(v.Path(), "/block/dense/weights_1st_moment") || strings.HasSuffix(v.Path(), "/block/dense/weights_momentum") {
				found++
				beyond := 0
				for i, x := range flat[float32](t, store, v.Path()) {
					if x != 0 && !mask[i] {
						beyond++
					}
				}
				require.Positive(t, beyond, "%s is masked like the sparse weight", v.Path())
			}
		}
		require.Equal(t, 1, found)
	}
}

// A model whose training was dense until now has optimizer state everywhere: what is inactive loses it.
func TestStateFromDenseTraining(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := newStore(t)
		require.NoError(t, firstError(newSession(backend, store, testModel, nil, optimizer.Adam().Done()).loop.RunSteps(testData{}, 3)))
		s := newSession(backend, store, testModel, dstee.New(0.2).DeltaT(2), optimizer.Adam().Done())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 3)))
		requireStatesSparse(t, store, 6)
	})
}

// specData yields batches whose spec is another from batch to batch, hence a graph of its own.
type specData struct{ testData }

func (d specData) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		i := 0
		for batch, err := range d.testData.Iter() {
			batch.Spec = i % 2
			if i++; !yield(batch, err) {
				return
			}
		}
	}
}

// A graph may leave layers out: what patterns say of them holds, and their state is masked by updates all the same.
func TestGraphsOfSomeLayers(t *testing.T) {
	partial := func(scope *model.Scope, spec any, inputs []*Node) []*Node {
		x := Tanh(layers.Dense(scope.In("first"), inputs[0], true, 24))
		if spec == 0 {
			x = Tanh(layers.Dense(scope.In("second"), x, true, 24))
		}
		return []*Node{layers.Dense(scope.In("output"), x, true, testClasses)}
	}
	store := newStore(t)
	sparse := dstee.New(0.2).DeltaT(2).LayerDensity("second", 0.3).DropFraction(dstee.Constant(0.5))
	s := newSession(backendtest.One(t), store, partial, sparse, optimizer.Adam().Done())
	require.NoError(t, firstError(s.loop.RunSteps(specData{}, 6)))
	requireStatesSparse(t, store, 6)
}

func firstError(_ []*tensors.Tensor, err error) error { return err }

// A gradient that is not finite leaves masks and visits as they were; the update is counted and reported.
func TestSkipsNonFiniteGradients(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := newStore(t)
		var updates []*dstee.MaskUpdate
		sparse := dstee.New(0.2).DeltaT(2).OnUpdate(func(u *dstee.MaskUpdate) error {
			updates = append(updates, u)
			return nil
		})
		s := newSession(backend, store, testModel, sparse, optimizer.StochasticGradientDescent())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 3)))
		path := dstee.Scope + testWeights[1]
		mask, visits := flat[bool](t, store, path+"/mask"), flat[int32](t, store, path+"/visits")

		gradient := store.GetVariable(path + "/gradient")
		bad := make([]float32, 24*24)
		bad[100] = float32(math.NaN())
		require.NoError(t, gradient.SetValue(tensors.FromFlatDataAndDimensions(bad, 24, 24)))
		update, err := sparse.Update(4)
		require.NoError(t, err)
		require.True(t, update.Skipped)
		require.Contains(t, update.Reason, testWeights[1])
		require.Equal(t, 1, update.SkippedRounds)
		require.Equal(t, 1, update.Round, "skipped rounds are not counted as applied")
		require.Same(t, update, updates[len(updates)-1])
		require.Equal(t, mask, flat[bool](t, store, path+"/mask"))
		require.Equal(t, visits, flat[int32](t, store, path+"/visits"))

		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 3)))
		require.False(t, updates[len(updates)-1].Skipped)
	})
}

// Growth may average gradients: after the window the gradient variable holds their sum.
func TestGradientBatches(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		// Masks that never move: the gradients of both runs are the same.
		frozen := dstee.Constant(0)
		run := func(n int) (perStep [][]float32) {
			store := newStore(t)
			sparse := dstee.New(0.3).DeltaT(4).DropFraction(frozen).GradientBatches(n)
			s := newSession(backend, store, testModel, sparse, optimizer.StochasticGradientDescent())
			s.loop.OnStep("record", 0, func(*train.Loop, []*tensors.Tensor) error {
				perStep = append(perStep, flat[float32](t, store, dstee.Scope+testWeights[0]+"/gradient"))
				return nil
			})
			require.NoError(t, firstError(s.loop.RunSteps(testData{}, 8)))
			return perStep
		}
		single := run(1)
		for _, test := range []struct {
			n     int
			steps []int // Summed at the update of step 8.
		}{{3, []int{6, 7, 8}}, {4, []int{5, 6, 7, 8}}, {100, []int{5, 6, 7, 8}}} {
			summed := run(test.n)[7]
			for i := range summed {
				want := 0.0
				for _, step := range test.steps {
					want += float64(single[step-1][i])
				}
				require.InDelta(t, want, summed[i], 1e-5, "%d batches", test.n)
			}
		}
	})
}

// Sums of gradients of 16 bits are kept in Float32: in their own, what is small against the sum would be lost.
func TestGradientBatchesOfHalfPrecision(t *testing.T) {
	half := func(scope *model.Scope, _ any, inputs []*Node) []*Node {
		x := layers.Dense(scope, ConvertDType(inputs[0], dtypes.BFloat16), false, testClasses)
		return []*Node{ConvertDType(x, dtypes.Float32)}
	}
	store := newStore(t)
	s := newSession(backendtest.One(t), store, half, dstee.New(0.3).DeltaT(4).GradientBatches(4), optimizer.Adam().Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 4)))
	require.Equal(t, dtypes.Float32, store.GetVariable(dstee.Scope+"/dense/weights/gradient").DType())
}

// In a store that was loaded all variables are trainable: masks and the optimizer's state are no weights all the same.
func TestPrepareLoadedStore(t *testing.T) {
	backend := backendtest.One(t)
	for _, base := range []optimizer.Interface{optimizer.Adam().Done(), optimizers.SGD().Momentum(0.9).Done()} {
		store, loaded := newStore(t), model.NewStore()
		s := newSession(backend, store, testModel, dstee.New(0.2).DeltaT(2), base)
		require.NoError(t, s.trainer.AccumulateGradients(2))
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 5)))
		for path, value := range snapshot(t, store) {
			_, err := loaded.CreateVariable(path, value)
			require.NoError(t, err)
		}
		sparse := dstee.New(0.2)
		require.NoError(t, sparse.Prepare(backend, loaded))
		stats, _, err := sparse.Stats()
		require.NoError(t, err)
		var paths []string
		for _, l := range stats {
			paths = append(paths, l.Path)
		}
		require.ElementsMatch(t, testWeights, paths)
	}
}

// A run that was saved and loaded goes on as if it had never stopped, to the last bit.
func TestResumeEqualsUninterrupted(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, gradients := range []int{1, 3} {
			newSparse := func() *dstee.Sparsifier {
				return dstee.New(0.2).DeltaT(5).TotalSteps(30).GradientBatches(gradients)
			}
			newBase := func() optimizer.Interface { return optimizer.Adam().LearningRate(0.01).Done() }
			whole := newStore(t)
			require.NoError(t, firstError(newSession(backend, whole, testModel, newSparse(), newBase()).loop.RunSteps(testData{}, 30)))

			half := newStore(t)
			first := newSession(backend, half, testModel, newSparse(), newBase())
			require.NoError(t, firstError(first.loop.RunSteps(testData{}, 14)))
			unsaved := map[string]bool{}
			for _, v := range first.sparse.Unsaved() {
				unsaved[v.Path()] = true
			}
			resumed := model.NewStore()
			for path, value := range snapshot(t, half) {
				if unsaved[path] || strings.Contains(path, "learning_rate") {
					continue
				}
				v, err := resumed.CreateVariable(path, value)
				require.NoError(t, err)
				v.SetTrainable(true) // As GoMLX's checkpoints load it.
			}
			require.NoError(t, firstError(newSession(backend, resumed, testModel, newSparse(), newBase()).loop.RunSteps(testData{start: 14}, 16)))

			want, got := snapshot(t, whole), snapshot(t, resumed)
			compared := 0
			for path, value := range want {
				if strings.Contains(path, "etric") || strings.Contains(path, "train_last") {
					continue
				}
				require.NotNil(t, got[path], path)
				require.True(t, value.Equal(got[path]), path)
				compared++
			}
			require.Greater(t, compared, 20)
		}
	})
}

// The same with GoMLX's own checkpoints, saved by a hook of theirs in the middle of training: what is saved is sparse,
// and the run goes on from it.
func TestResumeFromGoMLXCheckpoint(t *testing.T) {
	backend := backendtest.One(t)
	newSparse := func() *dstee.Sparsifier { return dstee.New(0.2).DeltaT(5).TotalSteps(30) }
	newBase := func() optimizer.Interface { return optimizer.Adam().LearningRate(0.01).Done() }
	whole := newStore(t)
	require.NoError(t, firstError(newSession(backend, whole, testModel, newSparse(), newBase()).loop.RunSteps(testData{}, 30)))

	dir := t.TempDir()
	half := newStore(t)
	handler, err := checkpoint.Build(half).Dir(dir).Keep(3).Done()
	require.NoError(t, err)
	first := newSession(backend, half, testModel, newSparse(), newBase())
	train.EveryNSteps(first.loop, 5, "save", 100, func(loop *train.Loop, metrics []*tensors.Tensor) error {
		handler.ExcludeVarsFromSaving(first.sparse.Unsaved()...)
		return handler.SaveOnStepFn(loop, metrics)
	})
	require.NoError(t, firstError(first.loop.RunSteps(testData{}, 15))) // The last save is that of an update step.

	resumed := model.NewStore()
	_, err = checkpoint.Build(resumed).Dir(dir).Keep(3).Done()
	require.NoError(t, err)
	s := newSession(backend, resumed, testModel, newSparse(), newBase())
	require.Equal(t, 15, s.loop.LoopStep)
	s.loop.OnStart("what was saved", dstee.HookPriority+1, func(*train.Loop, train.Dataset) error {
		for _, path := range testWeights {
			require.NotNil(t, resumed.GetVariable(path))
			require.Nil(t, resumed.GetVariable(dstee.Scope+path+"/gradient"), "gradients need not be saved")
		}
		requireSparse(t, resumed, testWeights...)
		return nil
	})
	require.NoError(t, firstError(s.loop.RunSteps(testData{start: 15}, 15)))
	for _, path := range testWeights {
		for _, p := range []string{path, dstee.Scope + path + "/mask", dstee.Scope + path + "/visits"} {
			require.True(t, whole.GetVariable(p).MustValue().Equal(resumed.GetVariable(p).MustValue()), p)
		}
	}
	require.Equal(t, flat[int64](t, whole, dstee.Scope+"/rounds"), flat[int64](t, resumed, dstee.Scope+"/rounds"))
}

// Density may change: layers lose active weights, and the global count is exact at every update.
func TestDensitySchedule(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := newStore(t)
		density := dstee.Polynomial{First: 0.8, Last: 0.1, Power: 3, End: 20}
		var totals []int
		sparse := dstee.New(1).Density(density).DeltaT(5).OnUpdate(func(u *dstee.MaskUpdate) error {
			totals = append(totals, u.Totals().Active)
			require.Equal(t, int(density.At(u.Step)*960+0.5), u.Totals().Active)
			return nil
		})
		s := newSession(backend, store, testModel, sparse, optimizer.Adam().Done())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 30)))
		require.Len(t, totals, 6)
		require.Equal(t, 96, totals[5])
		requireSparse(t, store, testWeights...)
	})
}

// Pruning ends at its last density, or says before training that it would not.
func TestDensityReachesItsEnd(t *testing.T) {
	for _, test := range []struct{ deltaT, steps int }{{100, 199}, {30, 40}} {
		sparse := dstee.New(0.1).Method(dstee.MethodGMP()).DeltaT(test.deltaT)
		s := newSession(backendtest.One(t), newStore(t), testModel, sparse, optimizer.Adam().Done())
		err := firstError(s.loop.RunSteps(testData{}, test.steps))
		if test.steps == 40 { // Pruning ends at step 30.
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "at the last mask update, step 100, the density is")
	}
}

// A density without an end of its own ends with the run; once it stayed at its first value.
func TestOpenDensitySchedule(t *testing.T) {
	store := newStore(t)
	var totals []int
	sparse := dstee.New(1).Density(dstee.Linear{First: 0.5, Last: 0.1}).DeltaT(10).OnUpdate(func(u *dstee.MaskUpdate) error {
		totals = append(totals, u.Totals().Active)
		return nil
	})
	s := newSession(backendtest.One(t), store, testModel, sparse, optimizer.Adam().Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 40)))
	require.Equal(t, []int{384, 288, 192, 96}, totals) // 0.4, 0.3, 0.2 and 0.1 of 960.
}

// Detach leaves an ordinary store with zeros in place, in which training goes on densely.
func TestDetach(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := newStore(t)
		sparse := dstee.New(0.2).DeltaT(5)
		s := newSession(backend, store, testModel, sparse, optimizer.Adam().Done())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 12)))
		_, stats, err := sparse.Stats()
		require.NoError(t, err)
		require.NoError(t, sparse.Detach())

		nonZero := func() (n int) {
			for _, path := range testWeights {
				for _, w := range flat[float32](t, store, path) {
					if w != 0 {
						n++
					}
				}
			}
			return n
		}
		require.Equal(t, stats.Active, nonZero())
		for v := range store.IterVariables() {
			require.NotContains(t, v.Path(), dstee.Scope)
		}
		_, _, err = sparse.Stats()
		require.ErrorContains(t, err, "Detach")
		_, err = sparse.Update(13)
		require.ErrorContains(t, err, "no masks")
		require.ErrorContains(t, sparse.Prepare(backend, store), "Detach")
		require.Empty(t, sparse.Unsaved())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 3)))
		require.Greater(t, nonZero(), 2*stats.Active, "training on is dense")
	})
}

// A model loaded sparse but without masks keeps its pattern.
func TestMasksFromZeros(t *testing.T) {
	backend := backendtest.One(t)
	store := newStore(t)
	sparse := dstee.New(0.2).DeltaT(5)
	s := newSession(backend, store, testModel, sparse, optimizer.Adam().Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 12)))
	masks := map[string][]bool{}
	for _, path := range testWeights {
		masks[path] = flat[bool](t, store, dstee.Scope+path+"/mask")
	}
	require.NoError(t, sparse.Detach())
	again := dstee.New(0.2)
	require.NoError(t, again.Prepare(backend, store))
	for _, path := range testWeights {
		mask := flat[bool](t, store, dstee.Scope+path+"/mask")
		for i, w := range flat[float32](t, store, path) {
			require.Equal(t, w != 0, mask[i] && w != 0)
		}
		require.Equal(t, masks[path], mask)
	}
}
