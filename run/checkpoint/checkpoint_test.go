package checkpoint_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/internal/pythontest"
	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// variable is a variable of a test's store.
type variable struct {
	path      string
	trainable bool
	value     any
}

// storeOf makes a store of variables, and lists them.
func storeOf(t testing.TB, list ...variable) []*model.Variable {
	t.Helper()
	store := model.NewStore()
	var variables []*model.Variable
	for _, v := range list {
		created, err := store.CreateVariable(v.path, tensors.MustFromAnyValue(v.value))
		require.NoError(t, err)
		variables = append(variables, created.SetTrainable(v.trainable))
	}
	return variables
}

// samples are variables of all kinds: sparse and dense, narrow and wide, with zeros below zero and numbers that are none.
func samples() []variable {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 1000
	mask, weight, momentum := make([]bool, n), make([]float32, n), make([]float32, n)
	visits, many, negative, full := make([]int32, n), make([]int32, n), make([]int32, n), make([]float32, n)
	for i := range n {
		full[i] = rng.Float32() + 1
		negative[i] = -int32(i)
		many[i] = int32(i)
		if rng.IntN(20) > 0 {
			continue
		}
		mask[i], weight[i], momentum[i], visits[i] = true, rng.Float32(), rng.Float32(), int32(rng.IntN(200))
	}
	weight[3], mask[3] = float32(math.Copysign(0, -1)), true // A zero, but not all of its bits.
	mask[7], weight[7] = true, float32(math.NaN())
	momentum[500], mask[500] = 1, false // Outside of the mask.
	return []variable{
		{"/dstee/w/mask", false, mask},
		{"/w", true, weight},
		{"/momentum/w", false, momentum},
		{"/dstee/w/visits", false, visits},
		{"/many", false, many},
		{"/negative", false, negative},
		{"/full", true, full},
		{"/zeros", true, make([]float32, n)},
		{"/matrix", true, [][]float64{{0, 0, 0}, {0, 0, math.Pi}}},
		{"/scalar", false, int64(-5)},
		{"/flag", false, true},
		{"/#rngState", false, []uint64{1, math.MaxUint64, 0}},
		{"/empty", false, tensors.FromFlatDataAndDimensions([]float32{}, 0)},
	}
}

// What is restored has the same variables in the same order, with the same bits.
func TestRestore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	saved := storeOf(t, samples()...)
	texts := map[string]string{"spec": `{"sha256":"` + string(bytes.Repeat([]byte("0"), 64)) + `"}`, "empty": ""}
	require.NoError(t, checkpoint.Write(path, saved, texts))
	c, err := checkpoint.Read(path)
	require.NoError(t, err)
	require.Equal(t, texts, c.Texts)
	store := model.NewStore()
	require.NoError(t, c.Restore(store, nil))
	i := 0
	for got := range store.IterVariables() {
		want := saved[i]
		require.Equal(t, want.Path(), got.Path())
		require.Equal(t, want.Trainable, got.Trainable, want.Path())
		require.True(t, want.Shape().Equal(got.Shape()), want.Path())
		require.Equal(t, bytesOf(t, want), bytesOf(t, got), want.Path())
		i++
	}
	require.Len(t, saved, i)

	require.ErrorContains(t, c.Restore(store, nil), `has a variable "/dstee/w/mask" already`)
	some := model.NewStore()
	require.NoError(t, c.Restore(some, func(path string) bool { return path == "/w" }))
	require.Equal(t, 1, some.NumVariables())
}

func bytesOf(t *testing.T, v *model.Variable) (data []byte) {
	t.Helper()
	if v.Shape().Size() == 0 {
		return nil
	}
	require.NoError(t, v.MustValue().ConstBytes(func(b []byte) { data = bytes.Clone(b) }))
	return data
}

// A checkpoint of sparse variables takes the bytes of their values, and of one mask in bits.
func TestSize(t *testing.T) {
	const n = 100_000
	mask, weight := make([]bool, n), make([]float32, n)
	for i := 0; i < n; i += 20 {
		mask[i], weight[i] = true, float32(i+1)
	}
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	variables := storeOf(t, variable{"/m", false, mask}, variable{"/w", true, weight}, variable{"/adam", false, weight})
	require.NoError(t, checkpoint.Write(path, variables, nil))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(2*4*n/20+n/8+2000))
}

// The same variables give the same bytes.
func TestDeterministic(t *testing.T) {
	first, second := written(t, samples()...), written(t, samples()...)
	require.Equal(t, first, second)
}

// written returns the bytes of a checkpoint.
func written(t testing.TB, list ...variable) []byte {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	require.NoError(t, checkpoint.Write(path, storeOf(t, list...), map[string]string{"step": "7"}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

// small are few variables, for tests that damage each bit of them.
func small() []variable {
	return []variable{{"/m", false, []bool{true, false}}, {"/w", true, []float32{1.5, 0}}}
}

// A file cut off at any byte, or with one more, is damaged.
func TestTruncated(t *testing.T) {
	data := written(t, small()...)
	for n := range data {
		requireDamaged(t, data[:n])
	}
	requireDamaged(t, append(bytes.Clone(data), 0))
}

// A file with any bit flipped is damaged.
func TestFlipped(t *testing.T) {
	data := written(t, small()...)
	for i := range 8 * len(data) {
		data[i/8] ^= 1 << (i % 8)
		requireDamaged(t, data)
		data[i/8] ^= 1 << (i % 8)
	}
	_, err := checkpoint.Decode(data, "file")
	require.NoError(t, err)
}

func requireDamaged(t *testing.T, data []byte) {
	t.Helper()
	_, err := checkpoint.Decode(data, "file")
	var damaged *checkpoint.DamagedError
	require.ErrorAs(t, err, &damaged)
	require.Contains(t, err.Error(), "file is damaged: ")
}

// Files of other programs are no checkpoints, and one of another version is not taken for damaged.
func TestForeign(t *testing.T) {
	requireDamaged(t, []byte("PK\x03\x04 a zip file, or something else that is long enough"))
	requireDamaged(t, nil)
	const foreign = `{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`
	requireDamaged(t, append(append([]byte{byte(len(foreign)), 0, 0, 0, 0, 0, 0, 0}, foreign...), 1, 2, 3, 4))

	newer := resummed(bytes.Replace(written(t, small()...), []byte(`"version":"1"`), []byte(`"version":"2"`), 1))
	_, err := checkpoint.Decode(newer, "file")
	require.ErrorContains(t, err, `it has version "2" of the format, this program reads version 1`)
	require.False(t, errors.As(err, new(*checkpoint.DamagedError)))

	_, err = checkpoint.Read(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWriteErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	variables := storeOf(t, small()...)
	require.ErrorContains(t, checkpoint.Write(path, variables, map[string]string{"sha256": ""}), `"sha256" is the checkpoint's own`)
	require.ErrorContains(t, checkpoint.Write(filepath.Join(path, "below"), variables, nil), "no such file")
	require.NoError(t, variables[0].Reset())
	require.ErrorContains(t, checkpoint.Write(path, variables, nil), `variable "/m"`)
	require.NoFileExists(t, path)
}

// Writing and reading leaves no file open, also if it fails.
func TestDescriptors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "checkpoint.safetensors")
	variables := storeOf(t, small()...)
	open := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("this system does not list a process's open files in /proc")
		}
		return len(files)
	}
	before := open()
	for range 20 {
		require.NoError(t, checkpoint.Write(path, variables, nil))
		_, err := checkpoint.Read(path)
		require.NoError(t, err)
		require.Error(t, checkpoint.Write(dir, variables, nil))
	}
	require.Equal(t, before, open())
}

// Python reads a checkpoint by the lines in the package's documentation.
func TestPython(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "checkpoint.safetensors"), written(t, samples()...), 0o644))
	pythontest.Run(t, dir, `
import hashlib, json, math
import numpy as np
import safetensors
path, variables = "checkpoint.safetensors", {}
`+documented(t)+`
w, mask, visits = variables["/w"], variables["/dstee/w/mask"].astype(bool), variables["/dstee/w/visits"]
assert w.dtype == np.float32 and w.shape == (1000,) and np.isnan(w[7]) and np.signbit(w[3])
assert not w[~mask].any() and variables["/momentum/w"][500] == 1
assert visits.sum() > 0 and (variables["/many"] == np.arange(1000)).all() and (variables["/negative"] == -np.arange(1000)).all()
assert variables["/matrix"].shape == (2, 3) and variables["/matrix"][1, 2] == math.pi and variables["/scalar"] == -5
data = open(path, "rb").read()
own = f.metadata()["sha256"].encode()
assert hashlib.sha256(data.replace(b'"sha256":"' + own, b'"sha256":"' + b"0" * 64, 1)).hexdigest().encode() == own
`)
}
