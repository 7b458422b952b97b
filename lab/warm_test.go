package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCellImports(t *testing.T) {
	for _, test := range []struct {
		cell string
		want []string
	}{
		{"", nil},
		{"!*rm -f go.work\n%noautoget\n", nil},
		{"import \"fmt\"\n%%\nfmt.Println(`import \"no\"`)", []string{"fmt"}},
		{"import (\n\t. \"a/b\"\n\tc \"d\"\n)\n\nfunc f() {}\n\n%test", []string{"a/b", "d"}},
		{"%%\nx := 1\nprint(x)", nil},
		{"import (\n\t\"unfinished", nil},
		{"some text \x00 that is no Go", nil},
	} {
		require.Equal(t, test.want, cellImports(test.cell), test.cell)
	}
}

func TestImports(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.ipynb")
	require.NoError(t, os.WriteFile(path, []byte(`{"cells": [
		{"cell_type": "markdown", "source": "import \"no\""},
		{"cell_type": "code", "source": "import \"a\""},
		{"cell_type": "code", "source": ["import (\n", "\"b\"\n", ")\n"]}]}`), 0o644))
	got, err := imports(path)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, got)

	require.NoError(t, os.WriteFile(path, []byte(`{"cells": 3}`), 0o644))
	_, err = imports(path)
	require.ErrorContains(t, err, "n.ipynb")
}

func FuzzCellImports(f *testing.F) {
	f.Add("import (\n\"a\"\n)\n%%\nx := 1")
	f.Add("%test\nimport \"`")
	f.Add("import (\n\"\x87\"")
	f.Fuzz(func(t *testing.T, cell string) {
		paths := cellImports(cell)
		var again strings.Builder
		for _, path := range paths {
			fmt.Fprintf(&again, "import %q\n", path)
		}
		require.Equal(t, paths, cellImports(again.String()))
	})
}
