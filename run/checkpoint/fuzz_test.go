package checkpoint_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// Whatever a file holds, also under a checksum that is right, it is refused, or read and then written as it was.
func FuzzDecode(f *testing.F) {
	f.Add(written(f, small()...))
	f.Add(written(f, samples()[4:]...))
	path := filepath.Join(f.TempDir(), "checkpoint.safetensors")
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, resummed(data)} {
			c, err := checkpoint.Decode(data, "file")
			if err != nil {
				continue
			}
			store := model.NewStore()
			if err := c.Restore(store, nil); err != nil {
				continue
			}
			require.NoError(t, checkpoint.Write(path, slices.Collect(store.IterVariables()), c.Texts))
			again, err := checkpoint.Read(path)
			require.NoError(t, err)
			require.Equal(t, c.Texts, again.Texts)
			same := model.NewStore()
			require.NoError(t, again.Restore(same, nil))
			require.Equal(t, bitsOf(t, store), bitsOf(t, same))
		}
	})
}

// bitsOf returns the shapes and bits of a store's variables by path.
func bitsOf(t *testing.T, store *model.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for v := range store.IterVariables() {
		require.NoError(t, v.MustValue().ConstBytes(func(data []byte) { all[v.Path()] = v.Shape().String() + string(data) }))
	}
	return all
}
