package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// A run goes through a file of either form and trains on; at 98% sparsity the sparse one takes at most 6% of the bytes of
// dense weights.
func TestExportImport(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a wide network, which the race detector slows down")
	}
	dir := t.TempDir()
	origin, backend := filepath.Join(dir, "origin"), backendtest.Cheapest()
	_, _, err := execute(t.Context(), "train", "--backend", backend, "--steps", "40", "--delta-t", "10", "--batch", "16",
		"--sparsity", "0.98", "--seed", "3", "--no-dense", "--save-every", "10", "--out", origin)
	require.NoError(t, err)
	for _, form := range []string{"sparse", "dense"} {
		name := filepath.Join(dir, form)
		stdout, _, err := execute(t.Context(), "export", origin, name+".safetensors", "--at-round", "2", fmt.Sprintf("--dense=%t", form == "dense"))
		require.NoError(t, err)
		require.Contains(t, stdout, "Wrote "+name)
		if form == "sparse" {
			info, err := os.Stat(name + ".safetensors")
			require.NoError(t, err)
			require.Less(t, float64(info.Size()), 0.06*4*(64*512+512*256+256*10))
		}
		stdout, _, err = execute(t.Context(), "import", name+".safetensors", name)
		require.NoError(t, err)
		require.Contains(t, stdout, "is at step 20 of 40: train it with `dstee resume")
		imported, err := run.Load(name)
		require.NoError(t, err)
		require.Equal(t, 0.98, imported.Spec().Sparsity)
		require.Equal(t, int64(3), imported.Spec().Seed)
		stdout, _, err = execute(t.Context(), "resume", name, "--backend", backend)
		require.NoError(t, err)
		require.Contains(t, stdout, "98.00% sparse (erk, exact), 4 mask updates, seed 3")
		_, _, err = execute(t.Context(), "import", name+".safetensors", name)
		require.ErrorContains(t, err, "holds a run already")
	}
}

func TestExportImportErrors(t *testing.T) {
	dir := t.TempDir()
	origin, backend := filepath.Join(dir, "origin"), backendtest.Cheapest()
	file := filepath.Join(dir, "model.safetensors")
	_, _, err := execute(t.Context(), "train", "--backend", backend, "--steps", "20", "--delta-t", "10", "--width", "0.25",
		"--no-dense", "--out", origin)
	require.NoError(t, err)
	_, _, err = execute(t.Context(), "export", origin, file)
	require.NoError(t, err)
	target := filepath.Join(dir, "new")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"export", dir, file}, "holds no run"},
		{[]string{"export", origin, file, "--at-round", "7"}, "no checkpoint of round 7, only of rounds [1 2]"},
		{[]string{"export", origin, file, "--at-step", "7"}, "no checkpoint of step 7"},
		{[]string{"export", origin, filepath.Join(dir, "none", "file")}, "no such file"},
		{[]string{"import", "main.go", target}, "main.go: the header would take"},
		{[]string{"import", file, target}, "was trained for 20 steps: a run of 20 steps has none left"},
		{[]string{"import", file, target, "--restart", "--model", "lenet5"}, `there is no weight "/lenet5/`},
		{[]string{"import", file, target, "--steps", "5", "--delta-t", "10"}, "delta-t 10 is longer than the run of 5 steps"},
	} {
		_, _, err := execute(t.Context(), test.args...)
		require.ErrorContains(t, err, test.want, test.args)
		require.NoDirExists(t, target)
	}
	stdout, _, err := execute(t.Context(), "import", file, target, "--restart")
	require.NoError(t, err)
	require.Contains(t, stdout, "is at step 0 of 20")
	stdout, _, err = execute(t.Context(), "resume", target, "--backend", backend)
	require.NoError(t, err)
	require.Contains(t, stdout, "2 mask updates")
}
