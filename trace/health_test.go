package trace

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A trace is whole to the last byte, torn in its last line, or damaged, and is left as it is in each case.
func TestCheck(t *testing.T) {
	path, data := write(t, simulate(12, tinyLayer()))
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	damaged := bytes.Clone(data)
	line := bytes.Index(data, []byte(`{"kind":"step","step":10,`))
	damaged[line+20] ^= 1
	for _, test := range []struct {
		name    string
		content []byte
		want    Health
		damage  *DamageError
	}{
		{"whole", data, Health{Step: 12}, nil},
		{"torn", data[:len(data)-1], Health{Step: 11, Torn: int64(len(data) - 1 - last)}, nil},
		{"damaged", damaged, Health{Step: 10}, &DamageError{Offset: int64(line)}},
		{"foreign", []byte("Dear reader,\n"), Health{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, test.content, 0o644))
			list, err := Check(filepath.Dir(path))
			require.NoError(t, err)
			require.Len(t, list, 2)
			require.Equal(t, TimingFileName, filepath.Base(list[1].Path))
			require.NoError(t, list[1].Err)
			require.Equal(t, 12, list[1].Step)
			got := list[0]
			switch {
			case test.name == "foreign":
				require.ErrorIs(t, got.Err, ErrForeign)
			case test.damage == nil:
				require.NoError(t, got.Err)
			default:
				var damage *DamageError
				require.ErrorAs(t, got.Err, &damage)
				require.Equal(t, test.damage.Offset, damage.Offset)
			}
			require.Equal(t, []any{path, int64(len(test.content)), test.want.Step, test.want.Torn}, []any{got.Path, got.Bytes, got.Step, got.Torn})
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, test.content, left)
		})
	}
	list, err := Check(t.TempDir())
	require.NoError(t, err)
	require.Empty(t, list)
}
