package dstee_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// structures are all kinds, and what each requires of a mask of rows × columns of which some columns may be dead.
var structures = []struct {
	name  string
	check func(t testing.TB, mask []bool, columns int)
}{
	{"unstructured", func(testing.TB, []bool, int) {}},
	{"2:4", func(t testing.TB, mask []bool, columns int) { requireGroups(t, mask, columns, 4, 2) }},
	{"1:6", func(t testing.TB, mask []bool, columns int) { requireGroups(t, mask, columns, 6, 1) }},
	{"block:2", func(t testing.TB, mask []bool, columns int) {
		for i, active := range mask {
			row, column := i/columns, i%columns
			require.Equal(t, mask[(row-row%2)*columns+column-column%2], active)
		}
	}},
	{"fanin", func(t testing.TB, mask []bool, columns int) {
		counts := perColumn(mask, columns)
		require.Equal(t, slices.Min(counts), slices.Max(counts))
		require.Positive(t, counts[0])
	}},
	{"fanin:0.9", func(t testing.TB, mask []bool, columns int) {
		counts := perColumn(mask, columns)
		for _, n := range counts {
			require.Contains(t, []int{0, slices.Max(counts)}, n)
		}
		require.Positive(t, slices.Max(counts))
	}},
	{"channel", func(t testing.TB, mask []bool, columns int) {
		for _, n := range perColumn(mask, columns) {
			require.Contains(t, []int{0, len(mask) / columns}, n)
		}
	}},
}

// requireGroups checks that exactly n of each m consecutive weights of a column are active.
func requireGroups(t testing.TB, mask []bool, columns, m, n int) {
	for begin := 0; begin < len(mask); begin += m * columns {
		for _, active := range perColumn(mask[begin:begin+m*columns], columns) {
			require.Equal(t, n, active)
		}
	}
}

func perColumn(mask []bool, columns int) []int {
	counts := make([]int, columns)
	for i, active := range mask {
		if active {
			counts[i%columns]++
		}
	}
	return counts
}

func TestParseStructure(t *testing.T) {
	for _, test := range structures {
		structure, err := dstee.ParseStructure(test.name)
		require.NoError(t, err)
		require.Equal(t, test.name, structure.String())
	}
	for name, want := range map[string]string{
		"moss":      `unknown structure "moss": it must be one of "unstructured"; "N:M", as "2:4"`,
		"":          `unknown structure ""`,
		"2:":        `unknown structure "2:"`,
		":4":        `unknown structure ":4"`,
		"4:2":       `"4:2" must keep at least 1 of each 2 weights and fewer than all`,
		"4:4":       "fewer than all",
		"0:4":       "at least 1 of each 4",
		"block:0":   "at least 1 × 1",
		"block:x":   "needs a whole number",
		"fanin:x":   "needs a number",
		"fanin:0":   "a γ in (0, 1]",
		"fanin:NaN": "a γ in (0, 1]",
		"fanin:1.5": "a γ in (0, 1]",
		"channel:2": "unknown structure",
	} {
		_, err := dstee.ParseStructure(name)
		require.ErrorContains(t, err, want, name)
	}
}

func FuzzParseStructure(f *testing.F) {
	for _, s := range structures {
		f.Add(s.name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		structure, err := dstee.ParseStructure(name)
		if err != nil {
			return
		}
		again, err := dstee.ParseStructure(structure.String())
		require.NoError(t, err)
		require.Equal(t, structure, again)
	})
}

// structuredLayer is a layer of a shape with a mask of the structure, as a Sparsifier makes it.
func structuredLayer(t testing.TB, backend compute.Backend, structure dstee.Structure, density float64, seed uint64, dims ...int) dstee.LayerState {
	store := model.NewStore()
	n := 1
	for _, dim := range dims {
		n *= dim
	}
	_, err := store.CreateVariable("/w", tensors.FromScalarAndDimensions(float32(1), dims...))
	require.NoError(t, err)
	require.NoError(t, dstee.New(density).Structure(structure).Seed(int64(seed)).Prepare(backend, store))
	mask := flat[bool](t, store, dstee.Scope+"/w/mask")
	rng := rand.New(rand.NewPCG(seed, 9))
	w, g, visits := make([]float32, n), make([]float32, n), make([]int32, n)
	for i := range w {
		g[i] = float32(rng.IntN(200)-100) / 128
		if mask[i] {
			w[i], visits[i] = float32(rng.IntN(40)-20)/16, 1
		}
	}
	return dstee.LayerState{
		Weight:   tensors.FromFlatDataAndDimensions(w, dims...),
		Gradient: tensors.FromFlatDataAndDimensions(g, dims...),
		Mask:     tensors.FromFlatDataAndDimensions(mask, dims...),
		Visits:   tensors.FromFlatDataAndDimensions(visits, dims...),
	}
}

// Masks keep their structure and their counts, in both places and on both backends the same, for dense and convolution
// layers, also when the density changes.
func TestStructuresHostEqualsDeviceXLAEqualsGo(t *testing.T) {
	for _, test := range structures {
		t.Run(test.name, func(t *testing.T) {
			structure, err := dstee.ParseStructure(test.name)
			require.NoError(t, err)
			reference := map[string][]bool{}
			backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
				for _, place := range []dstee.Place{dstee.OnHost, dstee.OnDevice} {
					updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), dstee.RigL(), place)
					require.NoError(t, err)
					updater.Structure(structure)
					for _, dims := range [][]int{{24, 20}, {2, 3, 12, 6}} {
						state := structuredLayer(t, backend, structure, 0.34, 5, dims...)
						before := tensors.MustCopyFlatData[bool](state.Mask)
						columns := dims[len(dims)-1]
						test.check(t, before, columns)
						active := count(before)
						for _, target := range []int{active, active / 2, active * 5 / 4} {
							for _, fraction := range []float64{0, 0.02, 0.4, 1} {
								move, err := updater.Update(state, active, target, fraction, 10, 1)
								require.NoError(t, err)
								kept, mask := tensors.MustCopyFlatData[bool](move.Kept), tensors.MustCopyFlatData[bool](move.Mask)
								test.check(t, mask, columns)
								require.Equal(t, count(kept), active-move.Dropped)
								require.Equal(t, count(mask), active-move.Dropped+move.Grown)
								for i := range kept {
									require.False(t, kept[i] && !(before[i] && mask[i]), "what is kept was active and is")
								}
								key := fmt.Sprint(dims, target, fraction)
								if reference[key] == nil {
									reference[key] = mask
								}
								require.Equal(t, reference[key], mask, "%s on %s", key, place)
							}
						}
					}
				}
			})
		})
	}
}

// Masks move, also late in a run when the drop fraction is small: N:M of jaxpruner's does not. What moves is as much as the
// fraction says.
func TestStructuredMasksMove(t *testing.T) {
	backend := backendtest.One(t)
	for _, test := range structures {
		structure, err := dstee.ParseStructure(test.name)
		require.NoError(t, err)
		updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), dstee.RigL(), dstee.OnHost)
		require.NoError(t, err)
		updater.Structure(structure)
		state := structuredLayer(t, backend, structure, 0.34, 5, 24, 20)
		columns := 20
		entered := 0
		for round := range 30 {
			before := tensors.MustCopyFlatData[bool](state.Mask)
			active := count(before)
			move, err := updater.Update(state, active, active, 0.02, round+1, 1)
			require.NoError(t, err)
			mask := tensors.MustCopyFlatData[bool](move.Mask)
			test.check(t, mask, columns)
			if test.name == "fanin" || test.name == "2:4" || test.name == "1:6" || test.name == "unstructured" {
				require.Equal(t, (active+49)/50, move.Dropped, "%s: ⌈0.02 · %d⌉", test.name, active)
			}
			rng := rand.New(rand.NewPCG(3, uint64(round)))
			w, g := make([]float32, len(mask)), make([]float32, len(mask))
			for i := range mask {
				g[i] = float32(rng.NormFloat64())
				if mask[i] {
					w[i] = float32(rng.NormFloat64())
					if !before[i] {
						entered++
					}
				}
			}
			state.Weight = tensors.FromFlatDataAndDimensions(w, 24, 20)
			state.Gradient = tensors.FromFlatDataAndDimensions(g, 24, 20)
			state.Mask = move.Mask
		}
		require.Greater(t, entered, 30, "%s: entries that were not active before", test.name)
	}
}

// Outputs without salient weights die, stay dead, and leave their weights to the others.
func TestAblation(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, place := range []dstee.Place{dstee.OnHost, dstee.OnDevice} {
			updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), dstee.RigL(), place)
			require.NoError(t, err)
			updater.Structure(dstee.FanInAblating(0.5))
			const rows, columns = 40, 10
			w, g, mask := make([]float32, rows*columns), make([]float32, rows*columns), make([]bool, rows*columns)
			for i := range mask {
				row, column := i/columns, i%columns
				if mask[i] = row < 6; mask[i] {
					w[i] = 1 + float32(row)
					if column == 3 || column == 7 {
						w[i] /= 100 // All of their weights are dropped.
					}
				}
				if !mask[i] && column != 3 {
					g[i] = 1 + float32(i) // Those of output 3 would not grow, those of output 7 would.
				}
			}
			state := dstee.LayerState{
				Weight:   tensors.FromFlatDataAndDimensions(w, rows, columns),
				Gradient: tensors.FromFlatDataAndDimensions(g, rows, columns),
				Mask:     tensors.FromFlatDataAndDimensions(mask, rows, columns),
				Visits:   tensors.FromFlatDataAndDimensions(make([]int32, rows*columns), rows, columns),
			}
			move, err := updater.Update(state, 60, 60, 0.5, 5, 0)
			require.NoError(t, err)
			counts := perColumn(tensors.MustCopyFlatData[bool](move.Mask), columns)
			require.Equal(t, []int{7, 7, 7, 0, 7, 7, 7, 7, 7, 7}, counts) // 60 weights of 9 living outputs: 6.67.

			state.Mask = move.Mask
			move, err = updater.Update(state, 63, 60, 0.1, 6, 0)
			require.NoError(t, err)
			require.Zero(t, perColumn(tensors.MustCopyFlatData[bool](move.Mask), columns)[3], "the dead stay dead")

			// Many weights need many outputs.
			move, err = updater.Update(state, 63, 350, 0.5, 7, 0)
			require.NoError(t, err)
			require.Greater(t, count(tensors.MustCopyFlatData[bool](move.Mask)), 340)
		}
	})
}

// A model with convolutions and dense layers of several structures trains, and all hold after every update.
func TestSparsifierStructures(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := newStore(t)
		store.SetParam("/output/"+dstee.ParamStructure, "channel")
		sparse := dstee.New(0.3).DeltaT(2).Structure(dstee.NM(2, 4), "first").Structure(dstee.FanIn(), "second")
		updates := 0
		check := func() {
			requireSparse(t, store, testWeights...)
			for i, name := range []string{"2:4", "fanin", "channel"} {
				at := slices.IndexFunc(structures, func(s struct {
					name  string
					check func(t testing.TB, mask []bool, columns int)
				}) bool {
					return s.name == name
				})
				structures[at].check(t, flat[bool](t, store, dstee.Scope+testWeights[i]+"/mask"), []int{24, 24, testClasses}[i])
			}
		}
		sparse.OnUpdate(func(u *dstee.MaskUpdate) error {
			updates++
			require.False(t, u.Skipped)
			check()
			moved := 0
			for _, l := range u.Layers {
				moved += l.Grown - l.Regrown
			}
			require.Positive(t, moved)
			return nil
		})
		s := newSession(backend, store, testModel, sparse, optimizer.Adam().LearningRate(0.01).Done())
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, 9))) // One more than updates: what was just grown is 0.
		require.Equal(t, 4, updates)
		stats, _, err := sparse.Stats()
		require.NoError(t, err)
		require.Equal(t, 144, stats[0].Active, "2:4 has density 0.5")

		// What was loaded without masks keeps its pattern, but for weights that never got a gradient.
		require.NoError(t, sparse.Detach())
		require.NoError(t, dstee.New(0.3).Structure(dstee.NM(2, 4), "first").Structure(dstee.FanIn(), "second").Prepare(backend, store))
		for _, path := range testWeights {
			mask, nonZero := flat[bool](t, store, dstee.Scope+path+"/mask"), 0
			for i, w := range flat[float32](t, store, path) {
				if w != 0 {
					require.True(t, mask[i])
					nonZero++
				}
			}
			require.Greater(t, nonZero, count(mask)*9/10)
		}
		check()
	})
}

// Layers compete also in training: totals are exact, counts of layers move.
func TestSparsifierScopes(t *testing.T) {
	bySize := dstee.Acquisition{Name: "size of weight", Score: func(s *dstee.Signals) *Node { return Abs(s.Weight) }}
	for name, sparse := range map[string]*dstee.Sparsifier{
		"drop":         dstee.New(0.2).DropGlobally(),
		"grow":         dstee.New(0.2).GrowGlobally(),
		"both":         dstee.New(0.2).DropGlobally().GrowGlobally(),
		"redistribute": dstee.New(0.2).Redistribute(bySize),
		"some fixed":   dstee.New(0.2).DropGlobally().GrowGlobally().LayerDensity("first", 0.25),
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			s := newSession(backendtest.One(t), store, testModel, sparse.DeltaT(2), optimizer.Adam().LearningRate(0.01).Done())
			var first, last []int
			sparse.OnUpdate(func(u *dstee.MaskUpdate) error {
				last = requireSparse(t, store, testWeights...)
				if first == nil {
					first = last
				}
				return nil
			})
			require.NoError(t, firstError(s.loop.RunSteps(testData{}, 12)))
			if name == "some fixed" {
				require.Equal(t, 72, last[0])
				require.Equal(t, 134, last[1]+last[2]) // 0.2 · 672.
				return
			}
			require.Equal(t, 192, last[0]+last[1]+last[2])
			if name != "drop" { // Growth then gives each layer back what it lost.
				require.NotEqual(t, first, last)
			}
			require.Positive(t, slices.Min(last))
		})
	}
}

// The structure of a method is for layers that have none by an option or a hyperparameter, whichever comes first.
func TestMethodStructure(t *testing.T) {
	method := dstee.Method{Structure: dstee.NM(1, 4)}
	for _, sparse := range []*dstee.Sparsifier{
		dstee.New(0.5).Method(method).Structure(dstee.NM(2, 4), "first"),
		dstee.New(0.5).Structure(dstee.NM(2, 4), "first").Method(method),
	} {
		got, err := prepared(t, sparse, map[string]any{"/output/" + dstee.ParamStructure: "3:4"})
		require.NoError(t, err)
		require.Equal(t, map[string]float64{testWeights[0]: 0.5, testWeights[1]: 0.25, testWeights[2]: 0.75}, got)
	}
}

// What cannot be is said before training.
func TestStructureErrors(t *testing.T) {
	for _, test := range []struct {
		sparse *dstee.Sparsifier
		params map[string]any
		want   string
	}{
		{dstee.New(0.1).Structure(dstee.NM(2, 5)), nil, `"2:5" does not fit weights of shape [12 24]: the 12 inputs, the last axis but one, must be a multiple of 5`},
		{dstee.New(0.1).Structure(dstee.Block(5)), nil, `must be multiples of 5; the largest block that fits is "block:4"`},
		{dstee.New(0.1).Structure(dstee.NM(5, 2)), nil, "must keep at least 1 of each 2"},
		{dstee.New(0.1).Structure(dstee.NM(2, 4), "third"), nil, `"third" gives no sparse weight the structure "2:4"`},
		{dstee.New(0.1).Structure(dstee.NM(2, 4)).Structure(dstee.FanIn(), "first"), nil, `"fanin" decides nothing: the one before, "2:4", is for all layers`},
		{dstee.New(0.1).Structure(dstee.NM(2, 4), "(first"), nil, "is not a regular expression"},
		{dstee.New(0.1).Structure(dstee.NM(2, 4)).LayerDensity("first", 0.3), nil, `"2:4" has density 0.5, it cannot have 0.3`},
		{dstee.New(0.1).Structure(dstee.Channel()).LayerDensity("output", 0.1), nil, `cannot have density 0.1: the lowest is 0.25 (layer "/output/dense/weights")`},
		{dstee.New(0.1).Structure(dstee.FanIn()).LayerDensity("second", 0.01), nil, "cannot have density 0.01: the lowest is 0.0416"},
		{dstee.New(0.1), map[string]any{"/first/" + dstee.ParamStructure: "moss"}, `scope "/first/dense"`},
		{dstee.New(0.1).GrowGlobally().Redistribute(dstee.RigL()), nil, "use GrowGlobally or Redistribute, not both"},
		{dstee.New(0.1).GrowGlobally().Structure(dstee.NM(2, 4)), nil, "no layers can compete"},
		{dstee.New(0.1).Redistribute(dstee.Acquisition{Name: "empty"}), nil, `"empty" to redistribute by has no Score`},
	} {
		_, err := prepared(t, test.sparse, test.params)
		require.ErrorContains(t, err, test.want)
	}

	// A store's mask must have the structure.
	store := model.NewStore()
	exec := model.MustNewExec(backendtest.One(t), store, func(scope *model.Scope, x *Node) *Node { return layers.Dense(scope, x, false, 8) })
	_, err := exec.Call(make2D(1, 8))
	require.NoError(t, err)
	require.NoError(t, dstee.New(0.5).Prepare(backendtest.One(t), store))
	err = dstee.New(0.5).Structure(dstee.NM(2, 4)).Prepare(backendtest.One(t), store)
	require.ErrorContains(t, err, `the store's mask of "/dense/weights" cannot be used: the mask does not have the structure "2:4"`)

	// And the shape of the weights: the model may have changed since.
	other := model.NewStore()
	for path, dims := range map[string][]int{"/w": {4, 4}, dstee.Scope + "/w/mask": {4, 5}} {
		_, err := other.CreateVariable(path, tensors.FromScalarAndDimensions(float32(1), dims...))
		require.NoError(t, err)
	}
	require.ErrorContains(t, dstee.New(0.5).Prepare(backendtest.One(t), other), "with different shape")
}
