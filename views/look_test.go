package views

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// lookEnv names a file to write a page with all figures to, for a look at them in a browser.
const lookEnv = "SPARSEKERNEL_LOOK"

// All views of a run fit into a page.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, [][]int{{16, 24}, {200, 150}}, 12)
	r, err := Open(dir)
	require.NoError(t, err)
	defer r.Close()
	page := "<!doctype html><meta charset=utf-8><body>" + Exploration(r).HTML()
	for _, path := range r.Layers() {
		masks, err := Masks(r, path)
		require.NoError(t, err)
		require.True(t, masks.Interactive())
		page += masks.HTML() + masks.SVG()
	}
	if file := os.Getenv(lookEnv); file != "" {
		require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
	}
}
