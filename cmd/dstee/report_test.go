package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/trace"
)

// writeTrace records a short run of a layer of 4×3 weights in a folder of the given name.
func writeTrace(t *testing.T, name string, spec run.Spec) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Mkdir(dir, 0o755))
	w, err := trace.Create(dir, spec)
	require.NoError(t, err)
	layer := trace.Move{Path: "/dense/weights", Shape: []int{4, 3}, Mask: make([]bool, 12)}
	layer.Mask[0], layer.Mask[5] = true, true
	require.NoError(t, w.Update(trace.Update{}, layer))
	for step := 1; step <= 4; step++ {
		if step == 3 {
			layer.Visits, layer.Kept = make([]int32, 12), make([]bool, 12)
			layer.Visits[0], layer.Visits[5], layer.Kept[0] = 1, 1, true
			layer.Mask = make([]bool, 12)
			layer.Mask[0], layer.Mask[7] = true, true
			layer.Weight, layer.Gradient, layer.Score = make([]float32, 12), make([]float32, 12), make([]float32, 12)
			layer.Score[7] = 1
			params := trace.Scalars{"c": 0.2, "epsilon": 1}
			require.NoError(t, w.Update(trace.Update{Step: 3, Round: 1, DropFraction: 0.5, Params: params}, layer))
		}
		scalars := trace.Scalars{trace.Loss: 1 / float64(step+int(spec.Seed)), trace.Accuracy: 0.5}
		require.NoError(t, w.Step(trace.Step{Step: step, Scalars: scalars}))
	}
	require.NoError(t, w.Close())
	return dir
}

func TestReport(t *testing.T) {
	first := writeTrace(t, "first-0", run.Spec{Method: "dst-ee", Sparsity: 0.8, Distribution: "erk", Steps: 4})
	second := writeTrace(t, "first-1", run.Spec{Method: "dst-ee", Sparsity: 0.8, Distribution: "erk", Steps: 4, Seed: 1})
	other := writeTrace(t, "other", run.Spec{Method: "rigl", Sparsity: 0.8, Distribution: "erk", Steps: 4})
	summary, err := json.Marshal(run.Summary{FLOPsRatio: 0.25})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(first, "summary.json"), summary, 0o644))

	file := filepath.Join(t.TempDir(), "report.html")
	stdout, _, err := execute(t.Context(), "report", first, "-o", file)
	require.NoError(t, err)
	require.Contains(t, stdout, "Wrote "+file)
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, want := range []string{"<title>Sparse training: first-0</title>", "training FLOPs, in dense steps", "Mask, /dense/weights", "What was trained",
		"ERK leaves weights"} {
		require.Contains(t, string(page), want)
	}

	pictures := filepath.Join(t.TempDir(), "new", "folder")
	stdout, _, err = execute(t.Context(), "report", first, second, other, "-o", "-", "--title", "Compared", "--svg", pictures)
	require.NoError(t, err)
	picture, err := os.ReadFile(filepath.Join(pictures, "exploration.svg"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(picture), "<svg "))
	require.True(t, strings.HasPrefix(stdout, "<!doctype html>"))
	require.Contains(t, stdout, "<title>Compared</title>")
	require.Contains(t, stdout, "first, 2 seeds")
	require.NotContains(t, stdout, "training FLOPs", "the cost of two runs is not known")

	_, _, err = execute(t.Context(), "report", filepath.Join(first, "absent"))
	require.ErrorContains(t, err, "absent holds no run: there is no such folder")
	begun := filepath.Join(t.TempDir(), "begun")
	_, err = run.Create(begun, run.Default(), run.DefaultRecording())
	require.NoError(t, err)
	_, _, err = execute(t.Context(), "report", begun)
	require.ErrorContains(t, err, begun+" has recorded nothing yet: train it with `dstee resume "+begun+"`")
	_, _, err = execute(t.Context(), "report")
	require.Error(t, err)
	_, _, err = execute(t.Context(), "report", first, "-o", filepath.Join(first, "absent", "file"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Of a run that has recorded nothing there is no report; of a damaged one that of what comes before the damage.
func TestReportOfTooLittle(t *testing.T) {
	dir := t.TempDir()
	w, err := trace.Create(dir, nil)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, _, err = execute(t.Context(), "report", dir, "-o", "-")
	require.ErrorContains(t, err, "there is nothing to show yet")

	dir = writeTrace(t, "damaged", run.Spec{Steps: 4})
	file := filepath.Join(dir, trace.FileName)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	data[len(data)-9] ^= 1
	require.NoError(t, os.WriteFile(file, data, 0o644))
	stdout, _, err := execute(t.Context(), "report", dir, "-o", "-")
	require.ErrorContains(t, err, "is damaged in line 7")
	require.Contains(t, stdout, "Convergence")
}
