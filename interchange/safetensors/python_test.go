package safetensors_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
	"github.com/sparsekernel/sparsekernel/internal/pythontest"
)

// Python's safetensors reads what Go wrote, and Go what Python wrote from it, with the same values.
func TestPython(t *testing.T) {
	dir := t.TempDir()
	want := map[string]*tensors.Tensor{
		"bool": tensors.FromValue([]bool{true, false, true}),
		"u8":   tensors.FromValue([][]uint8{{0, 255}}),
		"i32":  tensors.FromValue([]int32{-1 << 31, 1<<31 - 1}),
		"i64":  tensors.FromValue([]int64{-1 << 63, 1<<63 - 1}),
		"u64":  tensors.FromScalar(uint64(1<<64 - 1)),
		"f16":  tensors.FromValue([]float16.Float16{float16.FromFloat32(-1.5)}),
		"f32":  tensors.FromValue([][]float32{{0.1, -0.2}, {3, 4e30}}),
		"f64":  tensors.FromValue([]float64{0.1}),
	}
	var list []safetensors.Tensor
	for name, tensor := range want {
		item, err := safetensors.OfTensor(name, tensor)
		require.NoError(t, err)
		list = append(list, item)
	}
	metadata := map[string]string{"made by": "Gö", "empty": ""}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.safetensors"), write(t, metadata, list...), 0o644))
	pythontest.Run(t, dir, `
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
want = {
    "bool": np.array([True, False, True]),
    "u8": np.array([[0, 255]], np.uint8),
    "i32": np.array([-2**31, 2**31-1], np.int32),
    "i64": np.array([-2**63, 2**63-1], np.int64),
    "u64": np.array(2**64-1, np.uint64),
    "f16": np.array([-1.5], np.float16),
    "f32": np.array([[0.1, -0.2], [3, 4e30]], np.float32),
    "f64": np.array([0.1]),
}
got = load_file("go.safetensors")
assert got.keys() == want.keys(), got.keys()
for name, value in want.items():
    assert got[name].dtype == value.dtype and got[name].shape == value.shape, name
    assert (got[name] == value).all(), (name, got[name])
metadata = safe_open("go.safetensors", "np").metadata()
assert metadata == {"made by": "Gö", "empty": ""}, metadata
save_file(want, "python.safetensors", metadata)
`)
	f, err := safetensors.Open(filepath.Join(dir, "python.safetensors"))
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, metadata, f.Metadata())
	require.Len(t, f.Tensors(), len(want))
	for name, tensor := range want {
		got, err := f.Tensor(name)
		require.NoError(t, err)
		require.True(t, tensor.Equal(got), "%s: %s", name, got)
	}
}

// numpy has no bfloat16: Python's parser alone reads it.
func TestPythonBFloat16(t *testing.T) {
	dir := t.TempDir()
	item, err := safetensors.OfTensor("x", tensors.FromValue([]bfloat16.BFloat16{bfloat16.FromFloat32(1)}))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.safetensors"), write(t, nil, item), 0o644))
	pythontest.Run(t, dir, `
from safetensors import deserialize
[(name, info)] = deserialize(open("go.safetensors", "rb").read())
assert (name, info["dtype"], info["shape"], bytes(info["data"])) == ("x", "BF16", [1], b"\x80?"), info
`)
}
