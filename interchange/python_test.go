package interchange_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/interchange"
	"github.com/sparsekernel/sparsekernel/internal/pythontest"
)

// docReader returns the reader in Python of docs/interchange.md.
func docReader(t testing.TB) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/interchange.md")
	require.NoError(t, err)
	_, code, found := strings.Cut(string(doc), "```python\n")
	require.True(t, found)
	code, _, found = strings.Cut(code, "```")
	require.True(t, found)
	return code
}

// Python reads both forms, by the documented reader and by its safetensors package, and finds the same model; and Go
// imports what Python writes of it.
func TestPython(t *testing.T) {
	dir := t.TempDir()
	store := trained(t, backendtest.One(t), 0.03)
	require.NoError(t, interchange.Export(store, filepath.Join(dir, "sparse.safetensors"), interchange.Options{}))
	require.NoError(t, interchange.Export(store, filepath.Join(dir, "dense.safetensors"), interchange.Options{Form: interchange.Dense}))
	pythontest.Run(t, dir, docReader(t)+`
from safetensors.numpy import load_file, save_file
sparse, dense = read_sparse("sparse.safetensors"), load_file("dense.safetensors")
assert sparse.keys() == dense.keys(), sparse.keys() ^ dense.keys()
for name in dense:
    assert sparse[name].dtype == dense[name].dtype and sparse[name].shape == dense[name].shape, name
    assert (sparse[name] == dense[name]).all(), name
for p in ["/first/dense/weights", "/second/dense/weights"]:
    mask, visits = dense["/dstee" + p + "/mask"], dense["/dstee" + p + "/visits"]
    assert mask.dtype == bool and 0 < mask.sum() < mask.size
    assert not dense[p][~mask].any() and (visits[mask] > 0).all() and visits.dtype == np.int32
    dense[p] = dense[p] * 2
save_file(dense, "python.safetensors")
`)
	imported, err := interchange.Import(filepath.Join(dir, "python.safetensors"))
	require.NoError(t, err)
	for _, path := range weights[:2] {
		doubled := imported.GetVariable(path).MustValue().Value().([][]float32)
		for i, row := range store.GetVariable(path).MustValue().Value().([][]float32) {
			for j, w := range row {
				require.Equal(t, 2*w, doubled[i][j])
			}
		}
		for _, suffix := range []string{"/mask", "/visits"} {
			require.True(t, store.GetVariable("/dstee"+path+suffix).MustValue().Equal(imported.GetVariable("/dstee"+path+suffix).MustValue()))
		}
	}
}
