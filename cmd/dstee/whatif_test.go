package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/whatif"
)

// roundOf returns a small round.
func roundOf(number int) *whatif.Round {
	l := whatif.Layer{Target: 2}
	l.Path = "/w"
	l.Weight = tensors.FromValue([]float32{1, 2, 0, 0, 0, 0})
	l.Mask = tensors.FromValue([]bool{true, true, false, false, false, false})
	l.Gradient = tensors.FromValue([]float32{0, 0, 3, -4, 2, 1})
	l.Visits = tensors.FromValue([]int32{2, 2, 1, 1, 0, 0})
	return &whatif.Round{Number: number, Step: 10, TotalSteps: 20, DropFraction: 0.5, Layers: []whatif.Layer{l}}
}

func TestWhatif(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r, err := run.Create(dir, run.Default(), run.DefaultRecording())
	require.NoError(t, err)
	whatIf := func(args ...string) (string, error) {
		stdout, _, err := execute(t.Context(), append([]string{"whatif", "--backend", backendtest.Cheapest()}, args...)...)
		return stdout, err
	}
	_, err = whatIf(dir)
	require.ErrorContains(t, err, "there are no saved mask updates in "+r.RoundsDir())
	require.NoError(t, os.Mkdir(r.RoundsDir(), 0o755))
	require.NoError(t, roundOf(3).WriteFile(filepath.Join(r.RoundsDir(), whatif.FileName(3))))

	text, err := whatIf(dir, "--acquisition", "abs(g)/(n+0.001)", "--method", "rigl")
	require.NoError(t, err)
	require.Contains(t, text, "round 3, step 10, drop fraction 0.5")
	require.Contains(t, text, "rigl, abs(g)/(n+0.001)          0    0.000")
	// RigL grows |g| = 4, the formula |g| = 2 of those never active.
	asJSON, err := whatIf(filepath.Join(r.RoundsDir(), whatif.FileName(3)), "--json")
	require.NoError(t, err)
	var report whatif.Report
	require.NoError(t, json.Unmarshal([]byte(asJSON), &report))
	require.Equal(t, []string{"rigl", "dst-ee"}, report.Acquisitions)
	require.Equal(t, 4.0, *report.Layers[0].Choices[0].Threshold)
	asCSV, err := whatIf(dir, "--round", "3", "--c-curve", "--csv")
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(asCSV)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+len(whatif.DefaultCs()))
	require.Equal(t, []string{"0", "1", "0", "0", "1"}, rows[1])
	require.Equal(t, []string{"10000", "0", "1", "1", "0"}, rows[len(rows)-1])

	require.NoError(t, roundOf(5).WriteFile(filepath.Join(r.RoundsDir(), whatif.FileName(5))))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{dir}, "there are rounds [3 5] in"},
		{[]string{dir, "--round", "4"}, "there is no round 4 in"},
		{[]string{dir, "--round", "3", "--method", "best"}, `unknown method that grows by a score "best": did you mean "mest"?`},
		{[]string{dir, "--round", "3", "--acquisition", "abs(h)"}, "column 5"},
		{[]string{dir, "--c-curve", "--method", "rigl"}, "none of the others can be"},
		{[]string{t.TempDir()}, "holds no run"},
		{[]string{"main.go"}, "main.go: the header would take"},
		{[]string{"/nowhere"}, "/nowhere holds no run: there is no such folder"},
	} {
		_, err := whatIf(test.args...)
		require.ErrorContains(t, err, test.want, test.args)
	}
}
