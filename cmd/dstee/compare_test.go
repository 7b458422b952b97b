package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// smallCompare is a comparison of eight short runs, that keeps its results in dir.
func smallCompare(dir string) []string {
	return []string{"compare", "--backend", backendtest.Cheapest(), "--steps", "12", "--delta-t", "4", "--batch", "16", "--width", "0.25",
		"--seeds", "2", "--sparsities", "90%", "--methods", "dense,static,dst-ee:c=0.01",
		"--acquisition", "rare: abs(g)/(n+1)", "--out", dir}
}

func TestCompare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	stdout, stderr, err := execute(t.Context(), append(smallCompare(dir), "--csv")...)
	require.NoError(t, err)
	require.Contains(t, stderr, "8 of 8 · ")
	require.Contains(t, stdout, "minus static, points")
	require.Regexp(t, `(?m)^ *dense +0% +\d\d\.\d\d ± `, stdout)
	require.Regexp(t, `(?m)^ *dst-ee:c=0\.01 +90% .* \[.+, .+\] `, stdout)
	require.Regexp(t, `(?m)^ *rare +90% `, stdout)
	require.Contains(t, stdout, "mlp on digits, 12 steps")

	rows := readCSV(t, filepath.Join(dir, "results.csv"))
	require.Len(t, rows, 1+8)
	rare := rows[4]
	require.Equal(t, []string{"rare", "formula", "abs(g)/(n+1)"}, rare[:3])
	require.Len(t, readCSV(t, filepath.Join(dir, "table.csv")), 1+4)

	// A third seed: eight of the results are there, four are new.
	stdout, stderr, err = execute(t.Context(), append(smallCompare(dir), "--seeds", "0-2", "--baseline", "dense", "--json")...)
	require.NoError(t, err)
	require.Contains(t, stderr, "8 results are there already, 4 are to be trained")
	var table struct {
		Baseline string
		Rows     []struct{ Contender string }
		Results  []struct{ Summary run.Summary }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &table), "nothing but JSON on stdout")
	require.Equal(t, "dense", table.Baseline)
	require.Len(t, table.Rows, 4)
	require.Len(t, table.Results, 12)

	stdout, _, err = execute(t.Context(), append(smallCompare(dir), "--markdown")...)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(stdout, "|  | sparsity | accuracy, % |"), stdout)
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return rows
}

func TestCompareErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--methods", "rigl,magic"}, `unknown method "magic": the known ones are dst-ee`},
		{[]string{"--methods", "formula"}, "takes its formula from --acquisition"},
		{[]string{"--methods", "dst-ee:c"}, `"c" in the contender "dst-ee:c": want METHOD:NAME=VALUE, such as dst-ee:c=0.01, `},
		{[]string{"--methods", "dst-ee:k=1"}, `with a NAME of batch, c, c-schedule, data, data-dir, delta-t, `},
		{[]string{"--methods", "dst-ee:seed=3"}, `"seed=3" in the contender`},
		{[]string{"--methods", "dst-ee:c=one"}, `in the contender "dst-ee:c=one": --c takes a number, got "one"`},
		{[]string{"--methods", "dst-ee:c=-1"}, "dst-ee:c=-1, 95% sparse, seed 0: c must be 0 or more, got -1"},
		{[]string{"--methods", "rigl,rigl"}, `the contender "rigl" is there twice`},
		{[]string{"--methods", "dst-ee,dst-ee:c=1e-4"}, `"dst-ee" and "dst-ee:c=1e-4" train in the same way`},
		{[]string{"--methods", ""}, "nothing to compare"},
		{[]string{"--acquisition", "abs(gard)"}, "column 5"},
		{[]string{"--sparsities", "1"}, "could be 1% or 100%"},
		{[]string{"--seeds", "0"}, "seed 0 alone is 0-0"},
		{[]string{"--baseline", "snip"}, `the baseline "snip" is not among what is compared: dense, static, set, rigl, dst-ee`},
		{[]string{"--steps", "50"}, "delta-t 100 is longer than the run of 50 steps"},
		{[]string{"--jobs", "0"}, "jobs must be at least 1, got 0"},
		{[]string{"--json", "--markdown"}, "json"},
		{[]string{"--seed", "3"}, "unknown flag: --seed"},
		{[]string{"--backend", "tpu"}, `no backend "tpu"`},
		{[]string{"--backend", "go", "--out", "main.go"}, "not a directory"},
		{[]string{"extra"}, `unknown command "extra"`},
	} {
		_, _, err := execute(t.Context(), append([]string{"compare"}, test.args...)...)
		require.ErrorContains(t, err, test.want, strings.Join(test.args, " "))
	}
}

// Whatever a contender is, it is refused or trains as its text says.
func FuzzContender(f *testing.F) {
	for _, text := range []string{"rigl", "dst-ee:c=0.01", "set:delta-t=5:lr=1e-3", "dst-ee:", ":", "rigl:=", "dst-ee:c=NaN"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := methodContender(run.Default(), text)
		if err != nil {
			return
		}
		require.Equal(t, text, c.Name)
		require.Contains(t, run.MethodNames(), c.Spec.Method)
		require.Equal(t, []any{run.Default().Seed, run.Default().Sparsity}, []any{c.Spec.Seed, c.Spec.Sparsity})
		if c, err = formulaContender(run.Default(), text); err == nil {
			_ = c.Spec.Validate()
		}
	})
}
