package dstee_test

import (
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// twinModel is testModel with another activation.
func twinModel(activation func(x *Node) *Node) train.ModelFn {
	return func(scope *model.Scope, _ any, inputs []*Node) []*Node {
		x := activation(layers.Dense(scope.In("first"), inputs[0], true, 24))
		x = activation(layers.Dense(scope.In("second"), x, true, 24))
		return []*Node{layers.Dense(scope.In("output"), x, true, testClasses)}
	}
}

// masksBefore returns the first masks that a Sparsifier chooses for a twin of testModel, flat, and the initial values.
func masksBefore(t *testing.T, backend compute.Backend, sparse *dstee.Sparsifier, modelFn train.ModelFn) (masks [][]bool, weights, biases [][]float32) {
	t.Helper()
	dense := initialStore(t, backend)
	store := newStore(t)
	s := newSession(backend, store, sparse.Model(modelFn), sparse, optimizer.Adam().Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 1)))
	for _, path := range testWeights {
		masks = append(masks, flat[bool](t, store, dstee.Scope+path+"/mask"))
		weights = append(weights, flat[float32](t, dense, path))
		biases = append(biases, flat[float32](t, dense, strings.Replace(path, "weights", "biases", 1)))
	}
	return masks, weights, biases
}

// initialStore is the store of testModel, untrained.
func initialStore(t *testing.T, backend compute.Backend) *model.Store {
	t.Helper()
	store := newStore(t)
	exec := model.MustNewExec(backend, store, func(scope *model.Scope, x *Node) *Node { return testModel(scope, nil, []*Node{x})[0] })
	_, err := exec.Call(make2D(1, testInputs))
	require.NoError(t, err)
	return store
}

// referenceGradients returns, computed in Float64 apart from the library, the gradient of testModel's loss on the first
// batch, that of half its square with outputs divided by 200, and that of the outputs for sizes and ones.
func referenceGradients(t *testing.T, activation func(x *Node) *Node, weights, biases [][]float32) (gradient, hessian, flow [][]float64) {
	t.Helper()
	var batch train.Batch
	for first := range (testData{}).Iter() {
		batch = first
		break
	}
	forward := func(x *Node, w, b []*Node) *Node {
		for i := range w {
			if i > 0 {
				x = activation(x)
			}
			x = Add(Dot(x, w[i]).Product(), b[i])
		}
		return x
	}
	dims := [][]int{{testInputs, 24}, {24, 24}, {24, testClasses}, {1, 24}, {1, 24}, {1, testClasses}}
	var inputs []any
	for i, w := range append(slices.Clone(weights), biases...) {
		wide := make([]float64, len(w))
		for j, v := range w {
			wide[j] = float64(v)
		}
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(wide, dims[i]...))
	}
	exec := MustNewExec(backendtest.One(t), func(in []*Node) []*Node {
		w, b, x, labels := in[:3], in[3:6], ConvertDType(in[6], dtypes.Float64), in[7]
		gradients := func(temperature float64) []*Node {
			logits := DivScalar(forward(x, w, b), temperature)
			return Gradient(ReduceAllMean(loss.SparseCategoricalCrossEntropyLogits([]*Node{labels}, []*Node{logits})), w...)
		}
		cooled := gradients(200)
		half := MulScalar(Add(Add(sumOfSquares(cooled[0]), sumOfSquares(cooled[1])), sumOfSquares(cooled[2])), 0.5)
		sizes := []*Node{Abs(w[0]), Abs(w[1]), Abs(w[2])}
		outputs := ReduceAllSum(forward(OnesLike(SliceAxis(x, 0, AxisRange(0, 1))), sizes, []*Node{Abs(b[0]), Abs(b[1]), Abs(b[2])}))
		return append(append(gradients(1), Gradient(half, w...)...), Gradient(outputs, sizes...)...)
	})
	out, err := exec.Call(append(inputs, batch.Inputs[0], batch.Labels[0])...)
	require.NoError(t, err)
	var all [][]float64
	for _, o := range out {
		all = append(all, tensors.MustCopyFlatData[float64](o))
	}
	return all[:3], all[3:6], all[6:]
}

func sumOfSquares(x *Node) *Node { return ReduceAllSum(Mul(x, x)) }

// requireBest checks that the masks hold the total entries of highest score of all layers, but for rounding.
func requireBest(t *testing.T, masks [][]bool, total int, precision float64, score func(layer, i int) float64) {
	t.Helper()
	var all []float64
	active, largest := 0, 0.0
	for l, mask := range masks {
		for i, a := range mask {
			all = append(all, score(l, i))
			largest = max(largest, math.Abs(score(l, i)))
			if a {
				active++
			}
		}
	}
	require.Equal(t, total, active)
	sort.Sort(sort.Reverse(sort.Float64Slice(all)))
	threshold, slack := all[total-1], precision*largest
	for l, mask := range masks {
		for i, a := range mask {
			if a {
				require.GreaterOrEqual(t, score(l, i), threshold-slack)
			} else {
				require.LessOrEqual(t, score(l, i), threshold+slack)
			}
		}
	}
}

// SNIP and GraSP keep the weights of highest W·g and W·Hg over all layers, for g and H of the first batch; exactly
// round(density · weights).
func TestSNIPAndGraSPKeepTheBest(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range []struct {
			method dstee.Method
			score  func(w, g, h float64) float64
			within float64
		}{
			{dstee.MethodSNIP(), func(w, g, _ float64) float64 { return math.Abs(w * g) }, 1e-5},
			{dstee.MethodGraSP(), func(w, _, h float64) float64 { return w * h }, 1e-3},
		} {
			masks, weights, biases := masksBefore(t, backend, dstee.New(0.1).Method(test.method), testModel)
			gradient, hessian, _ := referenceGradients(t, Tanh, weights, biases)
			requireBest(t, masks, 96, test.within, func(l, i int) float64 { return test.score(float64(weights[l][i]), gradient[l][i], hessian[l][i]) })
		}
	})
}

// In one round SynFlow keeps the weights through which most flows; in a hundred, too, but of what is left each time.
func TestSynFlowKeepsTheFlow(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		once := dstee.MethodSynFlow()
		initial := *once.Initial
		initial.Rounds = 1
		once.Initial = &initial
		relu := func(x *Node) *Node { return Max(x, ZerosLike(x)) }
		modelFn := twinModel(relu)
		masks, weights, biases := masksBefore(t, backend, dstee.New(0.5).Method(once), modelFn)
		_, _, flow := referenceGradients(t, relu, weights, biases)
		requireBest(t, masks, 480, 1e-5, func(l, i int) float64 { return size(weights[l][i]) * flow[l][i] })

		pruned, _, _ := masksBefore(t, backend, dstee.New(0.1).Method(dstee.MethodSynFlow()), modelFn)
		left := make([][]float32, len(weights))
		for l := range weights {
			left[l] = make([]float32, len(weights[l]))
			for i, a := range pruned[l] {
				if a {
					left[l][i] = weights[l][i]
				}
			}
		}
		total := 0
		for _, mask := range pruned {
			require.Positive(t, count(mask))
			total += count(mask)
		}
		require.Equal(t, 96, total)
		// No weight that is left is cut off from input or output, in which case nothing would flow through it.
		_, _, through := referenceGradients(t, relu, left, biases)
		for l := range left {
			for i, a := range pruned[l] {
				if a {
					require.Positive(t, size(left[l][i])*through[l][i], "layer %d, weight %d", l, i)
				}
			}
		}
	})
}

// Choosing the first masks by gradients changes nothing else: the run is, to the last bit, that of the same masks given,
// with dropout, with gradients accumulated, and over several rounds.
func TestInitialMasksChangeNothingElse(t *testing.T) {
	dropout := func(scope *model.Scope, spec any, inputs []*Node) []*Node {
		x := Tanh(layers.Dense(scope.In("first"), inputs[0], true, 24))
		x = layers.DropoutStatic(scope, x, 0.3)
		x = Tanh(layers.Dense(scope.In("second"), x, true, 24))
		return []*Node{layers.Dense(scope.In("output"), x, true, testClasses)}
	}
	run := func(t *testing.T, backend compute.Backend, sparse *dstee.Sparsifier, accumulate int, masks map[string][]bool) *model.Store {
		store := newStore(t)
		for path, mask := range masks {
			v := initialStore(t, backend).GetVariable(path)
			_, err := store.CreateVariable(dstee.Scope+path+"/mask", tensors.FromFlatDataAndDimensions(mask, v.Shape().Dimensions...))
			require.NoError(t, err)
		}
		s := newSession(backend, store, sparse.Model(dropout), sparse, optimizer.Adam().LearningRate(0.01).Done())
		if accumulate > 1 {
			require.NoError(t, s.trainer.AccumulateGradients(accumulate))
		}
		s.loop.OnStart("store", 1, func(loop *train.Loop, _ train.Dataset) error {
			require.Zero(t, loop.Trainer.GlobalStep())
			for v := range store.IterVariables() {
				require.NotContains(t, v.Path(), "/probe")
			}
			return nil
		})
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 6*accumulate)))
		require.EqualValues(t, 6, s.trainer.GlobalStep())
		return store
	}
	hessian := *dstee.MethodGraSP().Initial
	hessian.Rounds, hessian.Batches = 3, 2
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, test := range []struct {
			name       string
			initial    dstee.Initial
			accumulate int
			dear       bool // For XLA, which compiles for seconds, to do what others do as well.
		}{
			{"snip", *dstee.MethodSNIP().Initial, 1, false},
			{"grasp in rounds", hessian, 1, true},
			{"synflow", *dstee.MethodSynFlow().Initial, 1, false},
			{"snip, accumulated", *dstee.MethodSNIP().Initial, 3, true},
			{"grasp in rounds, accumulated", hessian, 3, false},
		} {
			if test.dear && backend.Name() == "xla" || testing.Short() && test.accumulate > 1 {
				continue
			}
			t.Run(test.name, func(t *testing.T) {
				chosen := run(t, backend, dstee.New(0.1).Initial(test.initial).Static(), test.accumulate, nil)
				masks := map[string][]bool{}
				for _, path := range testWeights {
					masks[path] = flat[bool](t, chosen, dstee.Scope+path+"/mask")
				}
				given := run(t, backend, dstee.New(0.1).Static(), test.accumulate, masks)
				want, got := snapshot(t, given), snapshot(t, chosen)
				compared := 0
				for path, value := range want {
					if !strings.Contains(path, "etric") {
						require.NotNil(t, got[path], path)
						require.True(t, value.Equal(got[path]), path)
						compared++
					}
				}
				for path := range got {
					require.True(t, want[path] != nil || strings.Contains(path, "etric"), "%s is left over", path)
				}
				require.Greater(t, compared, 20)
			})
		}
	})
}

// Gradients are the mean over as many batches as asked for: by default one, or those of a step that accumulates.
func TestInitialBatches(t *testing.T) {
	masks := func(batches, accumulate int) (masks [][]bool) {
		store := newStore(t)
		initial := *dstee.MethodSNIP().Initial
		initial.Batches = batches
		s := newSession(backendtest.One(t), store, testModel, dstee.New(0.1).Initial(initial).Static(), optimizer.Adam().Done())
		if accumulate > 1 {
			require.NoError(t, s.trainer.AccumulateGradients(accumulate))
		}
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, accumulate)))
		require.Equal(t, accumulate > 1, s.trainer.NumAccumulatingSteps() > 1)
		for _, path := range testWeights {
			masks = append(masks, flat[bool](t, store, dstee.Scope+path+"/mask"))
		}
		return masks
	}
	require.Equal(t, masks(1, 1), masks(0, 1))
	require.Equal(t, masks(3, 1), masks(0, 3))
	require.NotEqual(t, masks(3, 1), masks(1, 1))
}

// Each layer can be ranked by itself; layers with a density of their own always are.
func TestInitialCounts(t *testing.T) {
	backend := backendtest.One(t)
	initial := *dstee.MethodSNIP().Initial
	counts := func(sparse *dstee.Sparsifier) (counts []int) {
		masks, _, _ := masksBefore(t, backend, sparse.Static(), testModel)
		for _, mask := range masks {
			counts = append(counts, count(mask))
		}
		return counts
	}
	own := counts(dstee.New(0.1).LayerDensity("first", 0.5).Initial(initial))
	require.Equal(t, []int{144, 67}, []int{own[0], own[1] + own[2]})
	initial.PerLayer = true
	require.Equal(t, counts(dstee.New(0.1)), counts(dstee.New(0.1).Initial(initial)))
	// So few that a layer would have none: it keeps its best.
	masks, weights, biases := masksBefore(t, backend, dstee.New(3./960).Method(dstee.MethodSNIP()), testModel)
	gradient, _, _ := referenceGradients(t, Tanh, weights, biases)
	for l, mask := range masks {
		require.Equal(t, 1, count(mask))
		requireBest(t, masks[l:l+1], 1, 1e-5, func(_, i int) float64 { return math.Abs(float64(weights[l][i]) * gradient[l][i]) })
	}
}

// Initial scores choose within a layer's structure: the best blocks, and the best of each group.
func TestInitialStructures(t *testing.T) {
	backend := backendtest.One(t)
	masks, weights, biases := masksBefore(t, backend, dstee.New(0.25).Method(dstee.MethodSNIP()).Structure(dstee.Block(4), "first").
		Structure(dstee.NM(1, 4), "second").Structure(dstee.FanIn(), "output"), testModel)
	gradient, _, _ := referenceGradients(t, Tanh, weights, biases)
	score := func(layer, i int) float64 { return math.Abs(float64(weights[layer][i]) * gradient[layer][i]) }
	for i, active := range masks[0] { // 12 × 24, in blocks of 4 × 4.
		row, column := i/24, i%24
		require.Equal(t, masks[0][(row-row%4)*24+column-column%4], active)
	}
	require.Positive(t, count(masks[0]))
	for group := range 24 * 24 / 4 {
		best, chosen := 0.0, 0.0
		for j := range 4 {
			i := (group/24*4+j)*24 + group%24
			best = max(best, score(1, i))
			if masks[1][i] {
				require.Zero(t, chosen)
				chosen = score(1, i)
			}
		}
		require.InDelta(t, best, chosen, 1e-6)
	}
	perOutput := make([]int, testClasses)
	for i, active := range masks[2] {
		if active {
			perOutput[i%testClasses]++
		}
	}
	for _, n := range perOutput {
		require.Equal(t, perOutput[0], n)
	}
}

// Masks that move start from the counts that the initial score gave each layer, and keep them.
func TestInitialThenDynamic(t *testing.T) {
	store := newStore(t)
	sparse := dstee.New(0.1).Initial(*dstee.MethodSNIP().Initial).DeltaT(5)
	s := newSession(backendtest.One(t), store, testModel, sparse, optimizer.Adam().LearningRate(0.01).Done())
	var first []int
	s.loop.OnStep("counts", 100, func(*train.Loop, []*tensors.Tensor) error {
		now := requireSparse(t, store, testWeights...)
		if first == nil {
			first = now
		}
		require.Equal(t, first, now)
		return nil
	})
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 20)))
	densities, err := prepared(t, dstee.New(0.1), nil)
	require.NoError(t, err)
	require.NotEqual(t, int(densities[testWeights[0]]*288+0.5), first[0], "not the distribution's")
}

// A run that was saved and loaded keeps its masks: nothing is scored again.
func TestInitialResumes(t *testing.T) {
	backend := backendtest.One(t)
	newSparse := func() *dstee.Sparsifier { return dstee.New(0.1).Method(dstee.MethodSNIP()).TotalSteps(20) }
	whole, resumed := wholeAndResumed(t, backend, newSparse, 10, 20)
	for _, path := range testWeights {
		for _, p := range []string{path, dstee.Scope + path + "/mask"} {
			require.True(t, whole.GetVariable(p).MustValue().Equal(resumed.GetVariable(p).MustValue()), p)
		}
	}
}

// What cannot work says so before training, and leaves the store as it was.
func TestInitialErrors(t *testing.T) {
	backend := backendtest.One(t)
	nan := dstee.Initial{Gradient: dstee.LossGradient, Score: inGo(func(s *dstee.Signals) *Node { return Sqrt(Neg(Abs(s.Gradient))) })}
	for _, test := range []struct {
		sparse *dstee.Sparsifier
		want   string
	}{
		{dstee.New(0.1).Method(dstee.MethodSynFlow()), `initial masks by "synflow" need the model function: give the trainer Sparsifier.Model(yourModelFn)`},
		{dstee.New(0.1).Method(dstee.MethodGraSP()), `initial masks by "grasp" need the model function`},
		{dstee.New(0.1).Initial(dstee.Initial{Score: dstee.RigL(), Temperature: -1}), "the temperature of initial masks cannot be negative or infinite, got -1"},
		{dstee.New(0.1).Initial(dstee.Initial{Score: dstee.RigL(), Gradient: 9}), "there is no InitialGradient(9), only NoGradient, LossGradient"},
		{dstee.New(0.1).Initial(nan).Static(), "which says nothing"},
		{dstee.New(0.1).Initial(dstee.Initial{Score: remembering}), `"remembering" cannot score initial masks: it remembers`},
		{dstee.New(0.1).Initial(dstee.Initial{}), "has no Score function, as the score of the initial masks"},
		{dstee.New(0.1).Initial(dstee.Initial{Score: dstee.RigL(), Rounds: -1}), "1 batch and 1 round at least, got 0 and -1"},
		{dstee.New(0.001).Method(dstee.MethodSNIP()), "density 0.001 leaves 1 active weights (of 960) for 3 layers"},
	} {
		store := newStore(t)
		s := newSession(backend, store, testModel, test.sparse, optimizer.Adam().Done())
		steps := 0
		s.loop.OnStep("count", 0, countSteps(&steps))
		require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 10)), test.want)
		require.Zero(t, steps)
		for v := range store.IterVariables() {
			require.NotContains(t, v.Path(), dstee.Scope+"/")
		}
	}
	_, err := prepared(t, dstee.New(0.1).Method(dstee.MethodSNIP()), nil)
	require.ErrorContains(t, err, "Attach the Sparsifier")
}
