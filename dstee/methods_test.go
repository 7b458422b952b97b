package dstee_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// update is a mask update of the scene's layer by the method's scores.
type update struct {
	w, g                []float32
	mask, after         []bool
	visits              []int32
	active, kept, grown []int // Flat indices: active before, kept by the drop, and grown.
}

// updateBy lets the method's acquisitions update a layer of 40 × 10 weights with 100 active, dropping 30.
func updateBy(t *testing.T, m dstee.Method, step, round int, seed uint32) *update {
	t.Helper()
	updater, err := dstee.NewUpdater(backendtest.One(t), m.Drop, m.Grow, dstee.OnHost)
	require.NoError(t, err)
	state, active := randomLayer(5, 400)
	state.Round, state.TotalSteps = round, 1000
	u := &update{
		w: tensors.MustCopyFlatData[float32](state.Weight), g: tensors.MustCopyFlatData[float32](state.Gradient),
		mask: tensors.MustCopyFlatData[bool](state.Mask), visits: tensors.MustCopyFlatData[int32](state.Visits),
	}
	state, err = updater.Remember(state, step, seed)
	require.NoError(t, err)
	move, err := updater.Update(state, active, active, 0.3, step, seed)
	require.NoError(t, err)
	kept := tensors.MustCopyFlatData[bool](move.Kept)
	u.after = tensors.MustCopyFlatData[bool](move.Mask)
	for i := range u.mask {
		if u.mask[i] {
			u.active = append(u.active, i)
		}
		if kept[i] {
			u.kept = append(u.kept, i)
		} else if u.after[i] {
			u.grown = append(u.grown, i)
		}
	}
	require.Len(t, u.kept, active-int(math.Ceil(0.3*float64(active))))
	require.Len(t, u.grown, active-len(u.kept))
	return u
}

// requireTop checks that the chosen are those of highest score among the candidates.
func requireTop(t *testing.T, chosen, candidates []int, score func(i int) float64) {
	t.Helper()
	lowest := math.Inf(1)
	for _, i := range chosen {
		require.Contains(t, candidates, i)
		lowest = min(lowest, score(i))
	}
	for _, i := range candidates {
		if !slices.Contains(chosen, i) {
			require.LessOrEqual(t, score(i), lowest+1e-6, "%d", i)
		}
	}
}

// others are the indices that are not kept: what growth chooses from.
func (u *update) others() []int {
	var others []int
	for i := range u.mask {
		if !slices.Contains(u.kept, i) {
			others = append(others, i)
		}
	}
	return others
}

func size(x float32) float64 { return math.Abs(float64(x)) }

// What each method drops and grows by is what its paper says.
func TestMethodsDropAndGrow(t *testing.T) {
	const step = 700
	bonus := func(u *update, c float64, i int) float64 { return c * math.Log(step) / float64(u.visits[i]+1) }
	magnitude := func(u *update, i int) float64 { return size(u.w[i]) }
	gradient := func(u *update, i int) float64 { return size(u.g[i]) }
	for _, test := range []struct {
		method     dstee.Method
		drop, grow func(u *update, i int) float64 // Nil is at random.
	}{
		{dstee.MethodDSTEE(), magnitude, func(u *update, i int) float64 { return size(u.g[i]) + bonus(u, dstee.DefaultC, i) }},
		{dstee.MethodDSTEEReference(), magnitude, func(u *update, i int) float64 { return math.Abs(float64(u.g[i]) + bonus(u, 1e-5, i)) }},
		{dstee.MethodRigL(), magnitude, gradient},
		{dstee.MethodGraNet(), magnitude, gradient},
		{dstee.MethodSNFS(), magnitude, gradient}, // Which GradientMomentum makes the momentum.
		{dstee.MethodTopKAST(), magnitude, magnitude},
		{dstee.MethodGMP(), magnitude, magnitude},
		{dstee.MethodSET(), magnitude, nil},
		{dstee.MethodMEST(), func(u *update, i int) float64 { return size(u.w[i]) + dstee.DefaultLambda*size(u.g[i]) }, nil},
	} {
		t.Run(test.method.Name, func(t *testing.T) {
			u := updateBy(t, test.method, step, 7, 1)
			requireTop(t, u.kept, u.active, func(i int) float64 { return test.drop(u, i) })
			if test.grow != nil {
				requireTop(t, u.grown, u.others(), func(i int) float64 { return test.grow(u, i) })
				return
			}
			require.Equal(t, u.grown, updateBy(t, test.method, step, 7, 1).grown, "the same seed grows the same")
			require.NotEqual(t, u.grown, updateBy(t, test.method, step, 7, 2).grown)
			mean := 0.0
			for _, i := range u.grown {
				mean += float64(i) / float64(len(u.grown))
			}
			require.InDelta(t, 200, mean, 100, "anywhere in the layer")
		})
	}
}

// ITOP's growth covers what was never active before it comes back to anything, at random.
func TestITOPCovers(t *testing.T) {
	u := updateBy(t, dstee.MethodITOP(), 700, 7, 1)
	for _, i := range u.grown {
		require.Zero(t, u.visits[i])
	}
	require.NotEqual(t, u.grown, updateBy(t, dstee.MethodITOP(), 700, 7, 2).grown)
}

// GSE grows the largest gradients among a random subset as large as the mask, and another subset the next time.
func TestGSESamples(t *testing.T) {
	first, second := updateBy(t, dstee.MethodGSE(), 700, 7, 1), updateBy(t, dstee.MethodGSE(), 700, 7, 2)
	require.NotEqual(t, first.grown, second.grown)
	mean := func(u *update, chosen []int) (mean float64) {
		for _, i := range chosen {
			mean += size(u.g[i]) / float64(len(chosen))
		}
		return mean
	}
	random, all := mean(first, first.others()), mean(first, updateBy(t, dstee.MethodRigL(), 700, 7, 1).grown)
	require.Greater(t, mean(first, first.grown), random*1.2, "better than at random")
	require.Less(t, mean(first, first.grown), all, "worse than RigL, which sees all gradients")
	// With all weights in the subset it is RigL.
	whole := dstee.MethodGSE()
	whole.Grow = dstee.SampledGradient(dstee.Constant(100))
	require.Equal(t, updateBy(t, dstee.MethodRigL(), 700, 7, 1).grown, updateBy(t, whole, 700, 7, 1).grown)
}

// The two prototypes explore by how much gradients vary, over the visits: a weight whose gradient is always the same has no
// bonus, however seldom it was active.
func TestPrototypesExploreTheUncertain(t *testing.T) {
	backend := backendtest.One(t)
	const n = 400
	scoresAfter := func(grow dstee.Acquisition) (scores []float32, visits []int32) {
		updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, dstee.OnHost)
		require.NoError(t, err)
		var state dstee.LayerState
		visits = make([]int32, n)
		for round := 1; round <= 20; round++ {
			g := make([]float32, n)
			for i := range g {
				visits[i] = int32(i % 10)
				g[i] = 0.5
				if i >= n/2 { // |g| of mean 0.5, too, but from 0 to 1.
					g[i] = float32(round % 2)
				}
			}
			state.Weight, state.Mask = tensors.FromScalarAndDimensions(float32(0), n/10, 10), tensors.FromScalarAndDimensions(false, n/10, 10)
			state.Gradient = tensors.FromFlatDataAndDimensions(g, n/10, 10)
			state.Visits = tensors.FromFlatDataAndDimensions(slices.Clone(visits), n/10, 10)
			state.Round = round
			state, err = updater.Remember(state, 10*round, uint32(round))
			require.NoError(t, err)
		}
		scores, err = updater.GrowScores(state, 200, 1)
		require.NoError(t, err)
		return scores, visits
	}
	scores, visits := scoresAfter(dstee.MethodUCB().Grow)
	for i, score := range scores {
		want := 0.5
		if i >= n/2 {
			want += math.Sqrt(0.25 * math.Log(200) / float64(visits[i]+1))
		}
		require.InDelta(t, want, score, 1e-5)
	}
	scores, visits = scoresAfter(dstee.MethodThompson().Grow)
	square, expected := 0.0, 0.0
	for i, score := range scores {
		if i < n/2 {
			require.InDelta(t, 0.5, score, 1e-5)
			continue
		}
		square += math.Pow(float64(score)-0.5, 2)
		expected += 0.25 / float64(visits[i]+1)
	}
	require.InDelta(t, 1, square/expected, 0.3, "a sample as wide as what is uncertain")
}

// Each preset has the schedule and the scope of its paper or code.
func TestMethodDefaults(t *testing.T) {
	const steps = 60000
	fraction := func(m dstee.Method, step int) float64 { return m.DropFraction.Over(steps).At(step) }
	rigl := dstee.MethodRigL()
	require.InDelta(t, 0.3, fraction(rigl, 0), 1e-12)
	require.InDelta(t, 0.15, fraction(rigl, steps*3/8), 1e-9)
	require.InDelta(t, 0, fraction(rigl, steps*3/4), 1e-12)
	require.Equal(t, 100, rigl.Updates.Over(steps).Next(0))
	require.Equal(t, steps*3/4, rigl.Updates.Over(steps).Next(steps*3/4-1))
	require.Zero(t, rigl.Updates.Over(steps).Next(steps*3/4))
	for _, m := range []dstee.Method{dstee.MethodDSTEE(), dstee.MethodDSTEEReference(), dstee.MethodITOP(), dstee.MethodSNFS(), dstee.MethodGraNet()} {
		require.InDelta(t, 0.5, fraction(m, 0), 1e-12, m.Name)
		require.InDelta(t, 0.005, fraction(m, steps), 1e-12, m.Name)
	}
	require.Equal(t, 1000, dstee.MethodDSTEEReference().Updates.Next(0))
	require.Equal(t, 1500, dstee.MethodITOP().Updates.Next(0))
	require.Equal(t, dstee.Constant(0.3), dstee.MethodSET().DropFraction)
	gse := dstee.MethodGSE()
	require.InDelta(t, 0.2, fraction(gse, 0), 1e-12)
	require.Equal(t, 1000, gse.Updates.Next(0))
	require.True(t, gse.DropGlobally && gse.GrowGlobally)
	require.NotNil(t, dstee.MethodSNFS().Redistribute)
	require.Equal(t, 0.9, dstee.MethodSNFS().GradientMomentum)
	require.Equal(t, []float64{0.1, 0.1}, dstee.MethodSNFS().Distribution([][]int{{9, 9}, {99, 9}}, 0.1), "layers start alike")

	// Zhu and Gupta's cube: s = s_f·(1 - (1 - t/T)³), here over three quarters of the run.
	gmp := dstee.MethodGMP().Density(0.05).Over(1000)
	for _, step := range []int{0, 100, 375, 750, 1000} {
		require.InDelta(t, 1-0.95*(1-math.Pow(1-min(1, float64(step)/750), 3)), gmp.At(step), 1e-12)
	}
	granet := dstee.MethodGraNet().Density(0.05).Over(1000)
	require.Equal(t, 0.5, granet.At(0))
	require.InDelta(t, 0.05+0.45*math.Pow(0.5, 3), granet.At(250), 1e-12)
	require.InDelta(t, 0.05, granet.At(500), 1e-12)
	require.Equal(t, 0.8, dstee.MethodGraNet().Density(0.8).Over(1000).At(0), "never below the density to end with")

	seen := map[string]bool{}
	for _, m := range dstee.Methods() {
		require.False(t, seen[m.Name], m.Name)
		seen[m.Name] = true
		require.NotEmpty(t, m.Paper, m.Name)
		byName, err := dstee.MethodByName(m.Name)
		require.NoError(t, err)
		require.Equal(t, m.Paper, byName.Paper)
	}
	_, err := dstee.MethodByName("moss")
	require.ErrorContains(t, err, `unknown method "moss", the known ones are dst-ee, dst-ee-reference, gmp`)
}

// Gradual magnitude pruning begins dense and only ever loses weights.
func TestGMPOnlyPrunes(t *testing.T) {
	store := newStore(t)
	before := map[string][]bool{}
	sparse := dstee.New(0.1).Method(dstee.MethodGMP()).DeltaT(5).TotalSteps(40).OnUpdate(func(u *dstee.MaskUpdate) error {
		for _, path := range testWeights {
			mask := flat[bool](t, store, dstee.Scope+path+"/mask")
			for i, active := range mask {
				require.False(t, active && before[path] != nil && !before[path][i], "nothing comes back")
			}
			before[path] = mask
		}
		require.Zero(t, u.Totals().Grown)
		return nil
	})
	s := newSession(backendtest.One(t), store, testModel, sparse, optimizer.Adam().LearningRate(0.01).Done())
	require.NoError(t, firstError(s.loop.RunSteps(testData{}, 1)))
	require.Equal(t, []int{288, 576, 96}, requireSparse(t, store, testWeights...))
	require.NoError(t, firstError(s.loop.RunSteps(testData{start: 1}, 39)))
	_, total, err := sparse.Stats()
	require.NoError(t, err)
	require.Equal(t, 96, total.Active)
}

// Largest remainders alone would let a layer gain a weight while the network loses some (the Alabama paradox).
func TestGMPLayersNeverGain(t *testing.T) {
	shapes := map[string][]int{"/a/w": {12, 24}, "/b/w": {24, 24}, "/c/w": {24, 4}}
	before := map[string]int{}
	store := model.NewStore()
	for path, shape := range shapes {
		_, err := store.CreateVariable(path, tensors.FromScalarAndDimensions(float32(1), shape...))
		require.NoError(t, err)
	}
	const steps = 20000
	sparse := dstee.New(0.05).Method(dstee.MethodGMP()).TotalSteps(steps)
	require.NoError(t, sparse.Prepare(backendtest.One(t), store))
	for step := 100; step <= steps; step += 100 {
		update, err := sparse.Update(step)
		require.NoError(t, err)
		require.Zero(t, update.Totals().Grown, "step %d", step)
		for _, l := range update.Layers {
			require.True(t, before[l.Path] == 0 || l.Active <= before[l.Path], "step %d", step)
			before[l.Path] = l.Active
		}
	}
	_, total, err := sparse.Stats()
	require.NoError(t, err)
	require.Equal(t, 48, total.Active)
}

// What growth sees under GradientMomentum is the momentum of the dense gradient, step by step; an infinite gradient leaves
// it be.
func TestGradientMomentum(t *testing.T) {
	gradients := func(beta float64) (perStep [][]float32) {
		store := newStore(t)
		sparse := dstee.New(0.3).DeltaT(4).DropFraction(dstee.Constant(0)).GradientMomentum(beta)
		s := newSession(backendtest.One(t), store, testModel, sparse, optimizer.StochasticGradientDescent())
		s.loop.OnStep("record", 0, func(*train.Loop, []*tensors.Tensor) error {
			perStep = append(perStep, flat[float32](t, store, dstee.Scope+testWeights[0]+"/gradient"))
			return nil
		})
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 8)))
		require.Equal(t, beta == 0, len(sparse.Unsaved()) > 0, "momentum cannot be made anew from the last gradient")
		return perStep
	}
	plain, momentum := gradients(0), gradients(0.9)
	want := make([]float64, len(plain[0]))
	for step := range plain {
		for i := range want {
			want[i] = 0.9*want[i] + 0.1*float64(plain[step][i])
			require.InDelta(t, want[i], momentum[step][i], 1e-6)
		}
	}
}

// Methods are set by hyperparameters, too, and single settings come on top.
func TestMethodFromScope(t *testing.T) {
	run := func(sparse *dstee.Sparsifier, params map[string]any) map[string]*tensors.Tensor {
		store := newStore(t)
		store.SetParams(params)
		if sparse == nil {
			sparse = dstee.FromScope(store.RootScope())
		}
		s := newSession(backendtest.One(t), store, testModel, sparse, optimizer.Adam().LearningRate(0.01).Done())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 30)))
		return snapshot(t, store)
	}
	c := dstee.Constant(1)
	for _, test := range []struct {
		sparse *dstee.Sparsifier
		params map[string]any
	}{
		{dstee.New(0.05).Method(dstee.MethodRigL()).DeltaT(5), map[string]any{dstee.ParamMethod: "rigl", dstee.ParamDeltaT: 5}},
		{dstee.New(0.2).Method(dstee.MethodUCB()).DeltaT(5).Grow(dstee.SET()),
			map[string]any{dstee.ParamDensity: 0.2, dstee.ParamMethod: "ucb", dstee.ParamDeltaT: 5, dstee.ParamGrow: "set"}},
		{dstee.New(0.2).Method(dstee.MethodDSTEE()).DeltaT(5).Exploration(c, c),
			map[string]any{dstee.ParamDensity: 0.2, dstee.ParamMethod: "dst-ee", dstee.ParamDeltaT: 5, dstee.ParamC: 1.0}},
		{dstee.New(0.2).DeltaT(5).Exploration(c, c), map[string]any{dstee.ParamDensity: 0.2, dstee.ParamDeltaT: 5, dstee.ParamC: 1.0}},
	} {
		want, got := run(test.sparse, nil), run(nil, test.params)
		for _, path := range testWeights {
			require.True(t, want[path].Equal(got[path]), "%v", test.params)
		}
	}
	_, err := prepared(t, dstee.FromScope(rootWith(map[string]any{dstee.ParamMethod: "moss"})), nil)
	require.ErrorContains(t, err, `unknown method "moss"`)
}

// A method of one's own is a value of the same type.
func ExampleMethod() {
	mine := dstee.Method{
		Name: "mine",
		Grow: dstee.Acquisition{Name: "rare gradients", Score: func(s *dstee.Signals) *Node {
			return Div(Abs(s.Gradient), AddScalar(s.VisitCount(), 1))
		}},
		Updates: dstee.Every{DeltaT: 50, EndShare: 0.75},
	}
	sparse := dstee.New(0.05).Method(mine).DropFraction(dstee.Constant(0.2)) // Single settings can follow.
	_ = sparse                                                               // As any other: see the package's example.

	fmt.Println(mine.Name, "updates", mine.Updates)
	// Output:
	// mine updates every 50 steps from step 0 to 0.75 of the run
}

// The methods of the field have names.
func ExampleMethodByName() {
	method, err := dstee.MethodByName("rigl")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(method.Paper)
	fmt.Println("grow by", method.Grow.Name)
	fmt.Println("update", method.Updates)
	fmt.Println("drop", method.DropFraction)
	// Output:
	// Evci et al., Rigging the Lottery: Making All Tickets Winners, ICML 2020, arXiv 1911.11134
	// grow by rigl
	// update every 100 steps from step 0 to 0.75 of the run
	// drop cosine 0.3 → 0 from step 0 to the end of the run, which ends at 0.75 of its steps
}
