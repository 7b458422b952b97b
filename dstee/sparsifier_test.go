package dstee_test

import (
	"fmt"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// prepared returns the layers' paths and densities that a Sparsifier chooses for testModel.
func prepared(t *testing.T, sparse *dstee.Sparsifier, params map[string]any) (map[string]float64, error) {
	t.Helper()
	backend := backendtest.One(t)
	store := newStore(t)
	store.SetParams(params)
	exec := model.MustNewExec(backend, store, func(scope *model.Scope, x *Node) *Node { return testModel(scope, nil, []*Node{x})[0] })
	_, err := exec.Call(make2D(1, testInputs))
	require.NoError(t, err)
	if err := sparse.Prepare(backend, store); err != nil {
		return nil, err
	}
	stats, _, err := sparse.Stats()
	require.NoError(t, err)
	densities := map[string]float64{}
	for _, l := range stats {
		densities[l.Path] = l.Density()
	}
	return densities, nil
}

func make2D(rows, columns int) [][]float32 {
	m := make([][]float32, rows)
	for i := range m {
		m[i] = make([]float32, columns)
	}
	return m
}

func TestSelection(t *testing.T) {
	first, second, output := testWeights[0], testWeights[1], testWeights[2]
	uniform := func() *dstee.Sparsifier { return dstee.New(0.25).Distribution(dstee.Uniform) }
	for _, test := range []struct {
		name   string
		sparse *dstee.Sparsifier
		params map[string]any
		want   map[string]float64
	}{
		{"all", uniform(), nil, map[string]float64{first: 0.25, second: 0.25, output: 0.25}},
		{"keep dense", uniform().KeepDense("output"), nil, map[string]float64{first: 0.25, second: 0.25}},
		{"only", uniform().Only("^/first", "second"), nil, map[string]float64{first: 0.25, second: 0.25}},
		{"layer density", uniform().LayerDensity("first", 0.5), nil, map[string]float64{first: 0.5, second: 0.25, output: 0.25}},
		{"the first match decides", uniform().KeepDense("/first/").LayerDensity("dense", 0.5), nil, map[string]float64{second: 0.5, output: 0.5}},
		{"density of a scope", uniform(), map[string]any{"/first/" + dstee.ParamDensity: 0.5}, map[string]float64{first: 0.5, second: 0.25, output: 0.25}},
		{"patterns before scopes", uniform().LayerDensity("first", 0.75), map[string]any{"/first/" + dstee.ParamDensity: 0.5},
			map[string]float64{first: 0.75, second: 0.25, output: 0.25}},
		{"density of the root", dstee.FromScope(rootWith(map[string]any{dstee.ParamDensity: 0.5, dstee.ParamDistribution: "uniform"})), nil,
			map[string]float64{first: 0.5, second: 0.5, output: 0.5}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := prepared(t, test.sparse, test.params)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

// Layers of one shape share what rounding leaves by their paths, whatever the order in which a store holds them.
func TestCountsDoNotDependOnOrder(t *testing.T) {
	count := func(paths ...string) map[string]int {
		store := model.NewStore()
		for _, path := range paths {
			_, err := store.CreateVariable(path, tensors.FromScalarAndDimensions(float32(1), 10, 11))
			require.NoError(t, err)
		}
		sparse := dstee.New(0.35)
		require.NoError(t, sparse.Prepare(backendtest.One(t), store))
		stats, _, err := sparse.Stats()
		require.NoError(t, err)
		counts := map[string]int{}
		for _, l := range stats {
			counts[l.Path] = l.Active
		}
		return counts
	}
	want := map[string]int{"/a/w": 39, "/b/w": 38, "/c/w": 38} // 115 = 0.35 · 330, rounded down: 115.49….
	require.Equal(t, want, count("/a/w", "/b/w", "/c/w"))
	require.Equal(t, want, count("/c/w", "/a/w", "/b/w"))
}

// rootWith is the root scope of a store with hyperparameters.
func rootWith(params map[string]any) *model.Scope {
	store := model.NewStore()
	store.SetParams(params)
	return store.RootScope()
}

func TestSelectionErrors(t *testing.T) {
	candidates := "the weights that can be sparse are:\n\t/first/dense/weights [12 24]\n\t/second/dense/weights [24 24]\n\t/output/dense/weights [24 4]"
	for _, test := range []struct {
		sparse *dstee.Sparsifier
		params map[string]any
		want   []string
	}{
		{dstee.New(0.1).KeepDense("third"), nil, []string{`the pattern "third" matches no weight`, candidates}},
		{dstee.New(0.1).Only("third"), nil, []string{`the pattern "third" matches no weight`, candidates}},
		{dstee.New(0.1).LayerDensity("bias", 0.5), nil, []string{`the pattern "bias" matches no weight`, candidates}},
		{dstee.New(0.1).KeepDense("dense").LayerDensity("first", 0.5), nil, []string{`the pattern "first" decides nothing`}},
		{dstee.New(0.1).KeepDense("dense"), nil, []string{"nothing is left to make sparse", candidates}},
		{dstee.New(0.1).KeepDense("(dense"), nil, []string{`the pattern "(dense" is not a regular expression`}},
		{dstee.New(0.1).LayerDensity("first", 1.5), nil, []string{`the density of pattern "first" must be in (0, 1], got 1.5`}},
		{dstee.New(-0.1), nil, []string{"the density at step 0 must be in (0, 1], got -0.1"}},
		{dstee.New(0.001), nil, []string{"density 0.001 leaves 1 active weights (of 960) for 3 layers"}},
		{dstee.New(0.1), map[string]any{"/first/" + dstee.ParamDensity: 7.0}, []string{`scope "/first" must be in (0, 1], got 7`}},
		{dstee.New(0.1), map[string]any{"/first/" + dstee.ParamGrow: "moss"}, []string{`unknown growth "moss"`, `"rigl"`, `scope "/first/dense"`}},
		{dstee.New(0.1), map[string]any{dstee.ParamDrop: "moss"}, []string{`unknown drop "moss"`, `"magnitude"`}},
		{dstee.New(0.1), map[string]any{dstee.ParamStructure: "moss"}, []string{`unknown structure "moss"`}},
		{dstee.FromScope(rootWith(map[string]any{dstee.ParamDistribution: "moss"})), nil, []string{`unknown distribution "moss"`, `"erk"`}},
	} {
		_, err := prepared(t, test.sparse, test.params)
		for _, want := range test.want {
			require.ErrorContains(t, err, want)
		}
	}
	backend := backendtest.One(t)
	empty := model.NewStore()
	require.ErrorContains(t, dstee.New(0.1).Prepare(backend, empty), "nothing to make sparse")
}

// standing are update steps that get nowhere.
type standing struct{ dstee.AtSteps }

func (standing) Next(int) int                 { return 2 }
func (s standing) Over(int) dstee.UpdateSteps { return s }

// What cannot work is reported before any training.
func TestRunErrors(t *testing.T) {
	backend := backendtest.One(t)
	for _, test := range []struct {
		sparse *dstee.Sparsifier
		want   string
	}{
		{dstee.New(0.1).DeltaT(100), "no update (every 100 steps from step 0 to the end of the run) falls within the run of 10 steps"},
		{dstee.New(0.1).Updates(dstee.Every{DeltaT: 2, Begin: 11}), "would never move"},
		{dstee.New(0.1).Updates(dstee.AtSteps{}), "would never move"},
		{dstee.New(0.1).Updates(dstee.AtSteps{5, 3}), "must increase"},
		{dstee.New(0.1).DeltaT(0), "ΔT must be at least 1"},
		{dstee.New(0.1).Updates(dstee.Every{DeltaT: 2, EndShare: 1.5}), "at a share of the run in [0, 1], got 1.5"},
		{dstee.New(0.1).Method(dstee.MethodRigL()).DeltaT(9), "(every 9 steps from step 0 to 0.75 of the run) falls within the run of 10 steps"},
		{dstee.New(0.1).DeltaT(2).GradientMomentum(1), "the momentum of gradients must be in [0, 1), got 1"},
		{dstee.New(0.1).DeltaT(2).GradientMomentum(0.5).GradientBatches(2), "use GradientMomentum(0.5) or GradientBatches(2), not both"},
		{dstee.New(0.1).DeltaT(2).Redistribute(remembering), `growth cannot be redistributed by "remembering": it remembers`},
		{dstee.New(0.1).DeltaT(2).DropFraction(dstee.Linear{First: 0.5, Last: 1.5}), "must be in [0, 1], at step 6 it is 1.1"},
		{dstee.New(0.1).DeltaT(2).Density(dstee.Linear{First: 0.5, Last: -0.5}), "at step 6 must be in (0, 1]"},
		{dstee.New(0.1).DeltaT(2).DropFraction(nil), "the drop fraction is nil: it must be a Schedule"},
		{dstee.New(0.1).DeltaT(2).DropFraction(dstee.Until{Share: 0.5}), "the drop fraction is an Until without a Schedule"},
		{dstee.New(0.1).DeltaT(2).Density(dstee.Until{Share: 75, Schedule: dstee.Constant(1)}), "the density ends at a share of the run in (0, 1], got 75"},
		{dstee.New(0.1).DeltaT(2).Exploration(dstee.Constant(1), nil), `"dst-ee": its parameter "epsilon" is nil`},
		{dstee.New(0.1).Updates(nil), "the update steps are nil"},
		{dstee.New(0.1).DeltaT(2).Distribution(nil), "the distribution is nil"},
		{dstee.New(0.1).Updates(standing{}), "the update after step 2 is that of step 2"},
		{dstee.New(0), "the density at step 0 must be in (0, 1], got 0"},
		{dstee.New(0.1).DeltaT(2).GradientBatches(0), "at least 1 batch, got 0"},
		{dstee.New(0.1).DeltaT(2).TotalSteps(-1), "at least 1 step"},
		{dstee.New(0.1).DeltaT(2).KeepDense("nothing"), `the pattern "nothing" matches no weight`},
	} {
		store := newStore(t)
		s := newSession(backend, store, testModel, test.sparse, optimizer.StochasticGradientDescent())
		steps := 0
		s.loop.OnStep("count", 0, countSteps(&steps))
		require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 10)), test.want)
		require.Zero(t, steps, "no step was taken")
	}

	t.Run("unwrapped optimizer", func(t *testing.T) {
		s := newSession(backend, newStore(t), testModel, nil, optimizer.StochasticGradientDescent())
		dstee.New(0.1).DeltaT(2).Attach(s.loop)
		require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 10)), "give the trainer Sparsifier.Optimizer")
	})
	t.Run("epochs of unknown length", func(t *testing.T) {
		s := newSession(backend, newStore(t), testModel, dstee.New(0.1).DeltaT(2), optimizer.StochasticGradientDescent())
		require.ErrorContains(t, firstError(s.loop.RunEpochs(testData{}, 1)), "set Sparsifier.TotalSteps")
	})
	t.Run("static needs no updates", func(t *testing.T) {
		store := newStore(t)
		sparse := dstee.New(0.1).Static()
		s := newSession(backend, store, testModel, sparse, optimizer.StochasticGradientDescent())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 10)))
		requireSparse(t, store, testWeights...)
		_, total, err := sparse.Stats()
		require.NoError(t, err)
		require.Equal(t, total.Active, total.Explored)
	})
}

// A variable without any weight is not a layer.
func TestEmptyWeights(t *testing.T) {
	store := model.NewStore()
	for path, dims := range map[string][]int{"/empty": {0, 7}, "/single": {1, 1}, "/w": {9, 9}} {
		_, err := store.CreateVariable(path, tensors.FromScalarAndDimensions(float32(1), dims...))
		require.NoError(t, err)
	}
	sparse := dstee.New(0.5)
	require.NoError(t, sparse.Prepare(backendtest.One(t), store))
	stats, total, err := sparse.Stats()
	require.NoError(t, err)
	require.Len(t, stats, 2)
	require.Equal(t, 41, total.Active)
}

// Static masks keep their density: another one for a run that goes on is an error, moving masks would follow it.
func TestStaticDensity(t *testing.T) {
	store := model.NewStore()
	_, err := store.CreateVariable("/w", tensors.FromScalarAndDimensions(float32(1), 10, 10))
	require.NoError(t, err)
	backend := backendtest.One(t)
	require.NoError(t, dstee.New(0.2).Static().Prepare(backend, store))
	require.NoError(t, dstee.New(0.2).Static().Prepare(backend, store))
	require.NoError(t, dstee.New(0.3).Prepare(backend, store))
	require.ErrorContains(t, dstee.New(0.3).Static().Prepare(backend, store), "masks leave 20 weights active, but density 0.3 is 30 of them")
}

// Attaching twice updates once.
func TestAttachTwice(t *testing.T) {
	sparse := dstee.New(0.2).DeltaT(2)
	updates := 0
	sparse.OnUpdate(func(*dstee.MaskUpdate) error {
		updates++
		return nil
	})
	s := newSession(backendtest.One(t), newStore(t), testModel, sparse, optimizer.Adam().Done())
	sparse.Attach(s.loop)
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 4)))
	require.Equal(t, 2, updates)
}

// One graph has one Sparsifier: two would count their updates together.
func TestTwoSparsifiers(t *testing.T) {
	first, second := dstee.New(0.2).DeltaT(2).Only("first"), dstee.New(0.2).DeltaT(2).Only("second")
	s := newSession(backendtest.One(t), newStore(t), testModel, first, second.Optimizer(optimizer.Adam().Done()))
	require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 4)), "one Sparsifier only")
}

// Exploration does what it says: with a large c every growth is of weights never tried, with c 0 it is RigL's.
func TestExplorationExplores(t *testing.T) {
	explored := func(c float64) int {
		sparse := dstee.New(0.1).DeltaT(5).Exploration(dstee.Constant(c), dstee.Constant(1))
		s := newSession(backendtest.One(t), newStore(t), testModel, sparse, optimizer.Adam().LearningRate(0.01).Done())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 60)))
		_, total, err := sparse.Stats()
		require.NoError(t, err)
		return total.Explored
	}
	rigl, explorer := explored(0), explored(1e3)
	require.Greater(t, explorer, rigl)
	// Every weight grown is new while there are any left to try: 96 at first, then the drop fraction of each of 12 rounds.
	require.Greater(t, float64(explorer), 0.35*960)
}

// A growth score of one's own is a function of what a mask update knows: here two of five weights are active, the weaker is
// dropped, and of the other four that of the largest score is grown. It was never active, and has a large gradient.
func ExampleSparsifier_Grow() {
	rare := dstee.Acquisition{Name: "rare gradients", Score: func(s *dstee.Signals) *Node {
		return Div(Abs(s.Gradient), AddScalar(s.VisitCount(), 1))
	}}
	sparse := dstee.New(0.05).Grow(rare)
	_ = sparse // As any other: see the package's example.

	// What it does to one layer can be tried without any training.
	backend, err := backends.Open("go")
	if err != nil {
		fmt.Println(err)
		return
	}
	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), rare, dstee.Auto)
	if err != nil {
		fmt.Println(err)
		return
	}
	layer := dstee.LayerState{
		Weight:   tensors.FromValue([][]float32{{0.5, 0.1, 0, 0, 0}}),
		Gradient: tensors.FromValue([][]float32{{0, 0.2, 0.9, -0.6, 0.1}}),
		Mask:     tensors.FromValue([][]bool{{true, true, false, false, false}}),
		Visits:   tensors.FromValue([][]int32{{4, 1, 3, 0, 0}}),
	}
	move, err := updater.Update(layer, 2, 2, 0.5, 100, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(move.Mask.Value())
	// Output:
	// [[true false false true false]]
}

// Training may end with an ordinary model: what is inactive is zero, and nothing else is left in the store.
func ExampleSparsifier_Detach() {
	backend, err := backends.Open("go")
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	sparse := dstee.New(0.1).DeltaT(10).OnUpdate(func(u *dstee.MaskUpdate) error {
		fmt.Printf("step %d: dropped and grew %d of %d\n", u.Step, u.Totals().Grown, u.Totals().Active)
		return nil
	})
	trainer := train.NewTrainer(backend, store, testModel, loss.SparseCategoricalCrossEntropyLogits,
		sparse.Optimizer(optimizer.Adam().Done()), nil, nil)
	loop := train.NewLoop(trainer)
	sparse.Attach(loop)
	if _, err := loop.RunSteps(testData{}, 30); err != nil {
		fmt.Println(err)
		return
	}
	if err := sparse.Detach(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("masks in the store:", store.GetVariable(dstee.Scope+"/first/dense/weights/mask") != nil)
	// Output:
	// step 10: dropped and grew 38 of 96
	// step 20: dropped and grew 14 of 96
	// step 30: dropped and grew 3 of 96
	// masks in the store: false
}

// The whole of what a GoMLX training program needs to become sparse: the lines with an arrow.
func Example() {
	modelFn := func(scope *model.Scope, _ any, inputs []*Node) []*Node {
		x := Tanh(layers.Dense(scope.In("hidden"), inputs[0], true, 32))
		return []*Node{layers.Dense(scope.In("output"), x, true, testClasses)}
	}
	backend, err := backends.Open("")
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	sparse := dstee.New(0.1).DeltaT(10) // ←
	trainer := train.NewTrainer(backend, store, modelFn, loss.SparseCategoricalCrossEntropyLogits,
		sparse.Optimizer(optimizer.Adam().Done()), nil, nil) // ←
	loop := train.NewLoop(trainer)
	sparse.Attach(loop) // ←
	if _, err := loop.RunSteps(testData{}, 100); err != nil {
		fmt.Println(err)
		return
	}

	layers, total, _ := sparse.Stats()
	for _, l := range layers {
		fmt.Printf("%s %v: %d of %d active\n", l.Path, l.Shape, l.Active, l.Size)
	}
	fmt.Printf("density %.3f, more than active once explored: %t\n", total.Density(), total.ExplorationRate() > total.Density())
	// Output:
	// /hidden/dense/weights [12 32]: 28 of 384 active
	// /output/dense/weights [32 4]: 23 of 128 active
	// density 0.100, more than active once explored: true
}
