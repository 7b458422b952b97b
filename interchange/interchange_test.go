package interchange_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes/bfloat16"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/interchange"
)

var forms = []interchange.Form{interchange.Sparse, interchange.Dense}

// roundTrip exports the store and imports it.
func roundTrip(t testing.TB, store *model.Store, options interchange.Options) *model.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, interchange.Export(store, path, options))
	imported, err := interchange.Import(path)
	require.NoError(t, err)
	return imported
}

// What comes back is the model, its masks and its visits, to the bit, and nothing else.
func TestRoundTrip(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := trained(t, backend, 0.05)
		want := values(t, store)
		for path := range want {
			if strings.HasSuffix(path, "/gradient") || strings.Contains(path, "Optimizer") || strings.HasPrefix(path, "/optimizers") ||
				strings.HasPrefix(path, "/metrics") || strings.HasPrefix(path, "/trainer") || strings.HasPrefix(path, "/#") {
				delete(want, path)
			}
		}
		for _, form := range forms {
			imported := roundTrip(t, store, interchange.Options{Form: form})
			got := values(t, imported)
			require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)), form)
			for path, value := range want {
				require.NoError(t, value.ConstBytes(func(want []byte) {
					require.NoError(t, got[path].ConstBytes(func(got []byte) { require.Equal(t, want, got, "%s: %s", form, path) }))
				}))
				require.Equal(t, store.GetVariable(path).Trainable, imported.GetVariable(path).Trainable, path)
			}
		}
	})
}

// dstee goes on from an imported store: with its masks and visits, at its step.
func TestContinue(t *testing.T) {
	backend := backendtest.One(t)
	store := trained(t, backend, 0.1)
	var ends []map[string]*tensors.Tensor
	for _, form := range forms {
		imported := roundTrip(t, store, interchange.Options{Form: form})
		require.NoError(t, imported.SetRNGStateFromSeed(1))
		sparse := sparsifier(0.1)
		require.NoError(t, sparse.Prepare(backend, imported))
		for path, value := range values(t, store) {
			if strings.HasSuffix(path, "/mask") || strings.HasSuffix(path, "/visits") {
				require.True(t, value.Equal(imported.GetVariable(path).MustValue()), path)
			}
		}
		var updates []*dstee.MaskUpdate
		sparse.OnUpdate(func(u *dstee.MaskUpdate) error {
			updates = append(updates, u)
			return nil
		})
		trainFor(t, backend, imported, sparse, modelFn, 20)
		require.Len(t, updates, 4)
		require.Equal(t, []int{25, 5}, []int{updates[0].Step, updates[0].Round})
		ends = append(ends, values(t, imported))
	}
	for path, value := range ends[0] {
		if !strings.HasPrefix(path, "/metrics") {
			require.True(t, value.Equal(ends[1][path]), "the forms differ in %s", path)
		}
	}
}

// At 98% sparsity the file takes at most 6% of the bytes of dense float32, visits of a run of 20 updates included; and
// little more than 2% without.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a wide network, which the race detector slows down")
	}
	wide := func(scope *model.Scope, _ any, in []*Node) []*Node {
		x := Tanh(layers.Dense(scope.In("first"), in[0], false, 512))
		x = Tanh(layers.Dense(scope.In("second"), x, false, 512))
		return []*Node{layers.Dense(scope.In("output"), x, false, classes)}
	}
	store := model.NewStore()
	require.NoError(t, store.SetRNGStateFromSeed(42))
	trainFor(t, backendtest.One(t), store, dstee.New(0.02).DeltaT(2).TotalSteps(40), wide, 40)
	dense := 4.0 * 512 * (inputs + 512 + classes)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	for noVisits, limit := range map[bool]float64{false: 0.06, true: 0.03} {
		require.NoError(t, interchange.Export(store, path, interchange.Options{NoVisits: noVisits}))
		info, err := os.Stat(path)
		require.NoError(t, err)
		share := float64(info.Size()) / dense
		t.Logf("%.2f%% (without visits: %t)", 100*share, noVisits)
		require.Less(t, share, limit)
	}
}

// layerStore returns a store with one sparse weight of the values, mask and visits. A nil tensor is left out.
func layerStore(t testing.TB, weight, mask, visits any) *model.Store {
	t.Helper()
	store := model.NewStore()
	for path, value := range map[string]any{"/w": weight, "/dstee/w/mask": mask, "/dstee/w/visits": visits} {
		if value == nil {
			continue
		}
		tensor, err := tensors.FromAnyValue(value)
		require.NoError(t, err)
		v, err := store.CreateVariable(path, tensor)
		require.NoError(t, err)
		v.SetTrainable(path == "/w")
	}
	return store
}

// Any dtype, density and kind of visits goes through both forms.
func TestExtremes(t *testing.T) {
	const size = 1003
	rng := rand.New(rand.NewPCG(1, 2))
	for _, density := range []float64{0, 0.001, 0.02, 0.031, 0.032, 0.5, 1} {
		for _, most := range []int32{1, 200, math.MaxInt32} {
			weight := make([]bfloat16.BFloat16, size)
			mask, visits := make([]bool, size), make([]int32, size)
			for i := range mask {
				mask[i] = rng.Float64() < density
				if mask[i] {
					weight[i] = bfloat16.FromFloat32(float32(rng.NormFloat64()))
				}
				if mask[i] || rng.IntN(3) == 0 {
					visits[i] = 1 + rng.Int32N(most)
				}
			}
			weight[0], mask[0], visits[0] = bfloat16.FromFloat32(float32(math.Inf(-1))), true, most
			store := layerStore(t, weight, mask, visits)
			for _, form := range forms {
				imported := roundTrip(t, store, interchange.Options{Form: form})
				for path, value := range values(t, store) {
					require.True(t, value.Equal(imported.GetVariable(path).MustValue()), "%s of density %g in form %s", path, density, form)
				}
			}
		}
	}
}

// Without visits dstee counts each active weight as visited once; a mask may have no visits to begin with.
func TestNoVisits(t *testing.T) {
	weight, mask := []float32{1, 0, 0}, []bool{true, false, false}
	for _, form := range forms {
		imported := roundTrip(t, layerStore(t, weight, mask, []int32{7, 2, 0}), interchange.Options{Form: form, NoVisits: true})
		require.Nil(t, imported.GetVariable("/dstee/w/visits"))
		imported = roundTrip(t, layerStore(t, weight, mask, nil), interchange.Options{Form: form})
		require.Nil(t, imported.GetVariable("/dstee/w/visits"))
		require.Equal(t, mask, imported.GetVariable("/dstee/w/mask").MustValue().Value())
	}
}

func TestExportErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	require.NoError(t, os.WriteFile(path, []byte("before"), 0o644))
	for want, store := range map[string]*model.Store{
		"there is no model to export":                          model.NewStore(),
		`there is a mask "/dstee/w/mask", but no weight "/w"`:  layerStore(t, nil, []bool{true}, nil),
		`"/w": the weight at flat index 1 is not zero`:         layerStore(t, []float32{1, 2}, []bool{true, false}, nil),
		`"/w": the visits at flat index 0 are 0`:               layerStore(t, []float32{1, 0}, []bool{true, false}, []int32{0, 0}),
		`"/w": the visits at flat index 1 are -1`:              layerStore(t, []float32{1, 0}, []bool{true, false}, []int32{1, -1}),
		`"/w": the mask of weights of shape [2] must be Bool`:  layerStore(t, []float32{1, 0}, []bool{true}, nil),
		`"/w": the visits of weights of shape [2] must be Int`: layerStore(t, []float32{1, 0}, []bool{true, false}, []int64{1, 0}),
		`"/w": sparse weights are floats, these are Int32`:     layerStore(t, []int32{1, 0}, []bool{true, false}, nil),
	} {
		err := interchange.Export(store, path, interchange.Options{})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "exporting to "+path)
	}
	good := layerStore(t, []float32{1, 0}, []bool{true, false}, nil)
	require.ErrorContains(t, interchange.Export(good, path, interchange.Options{Form: "csr"}), `unknown form "csr"`)
	require.ErrorContains(t, interchange.Export(good, path, interchange.Options{Texts: map[string]string{"sparsekernel": ""}}), "is the file's own")
	require.ErrorIs(t, interchange.Export(good, filepath.Join(dir, "none", "f"), interchange.Options{}), os.ErrNotExist)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "before", string(data))
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, list, 1, "an unfinished file is left")
}
