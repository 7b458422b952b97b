package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

func TestTrace(t *testing.T) {
	dir := t.TempDir()
	w, err := trace.Create(dir, nil)
	require.NoError(t, err)
	layer := trace.Move{Path: "/dense/weights", Shape: []int{2, 3}, Mask: []bool{true, true, false, false, false, true}}
	require.NoError(t, w.Update(trace.Update{}, layer))
	require.NoError(t, w.Step(trace.Step{Step: 1, Scalars: trace.Scalars{trace.Loss: 0.75, trace.LearningRate: 1e-3}}))
	layer.Visits = []int32{1, 1, 0, 0, 0, 1}
	layer.Kept = []bool{true, false, false, false, false, true}
	layer.Mask = []bool{true, false, false, true, false, true}
	require.NoError(t, w.Update(trace.Update{Step: 2, Round: 1, DropFraction: 0.3, Params: trace.Scalars{"c": 0.2}}, layer))
	require.NoError(t, w.Update(trace.Update{Step: 4, Round: 1, Skipped: "NaN"}))
	require.NoError(t, w.Close())
	file := filepath.Join(dir, trace.FileName)

	for _, path := range []string{dir, file} {
		stdout, _, err := execute(t.Context(), "trace", path)
		require.NoError(t, err)
		require.Contains(t, stdout, "/dense/weights    2×3        6       3   50.00%    66.67%   0.33        0.50\n")
		require.Contains(t, stdout, "1 logged step, 1 mask update, 1 skipped.\nStep 1: learning rate 0.001, loss 0.75.\n")
	}
	stdout, _, err := execute(t.Context(), "trace", dir, "--json")
	require.NoError(t, err)
	var summary trace.Summary
	require.NoError(t, json.Unmarshal([]byte(stdout), &summary))
	require.Equal(t, []int{1, 1, 1, 3}, []int{summary.Steps, summary.Updates, summary.Skipped, summary.Total.Active})
	stdout, _, err = execute(t.Context(), "trace", dir, "--csv", "steps")
	require.NoError(t, err)
	require.Equal(t, "step,learning_rate,loss,seconds\n1,0.001,0.75,\n", stdout)
	stdout, _, err = execute(t.Context(), "trace", dir, "--csv", "updates")
	require.NoError(t, err)
	require.Contains(t, stdout, "2,1,,/dense/weights,6,3,1,1,0,4,,0.3,0.2\n4,1,NaN,,")

	_, _, err = execute(t.Context(), "trace", dir, "--csv", "layers")
	require.ErrorContains(t, err, `no table "layers"`)
	_, _, err = execute(t.Context(), "trace", dir, "--csv", "steps", "--json")
	require.Error(t, err)
	_, _, err = execute(t.Context(), "trace", filepath.Join(dir, "absent"))
	require.ErrorContains(t, err, "absent holds no run: there is no such folder")

	data, err := os.ReadFile(file)
	require.NoError(t, err)
	data[len(data)-9] ^= 1
	require.NoError(t, os.WriteFile(file, data, 0o644))
	stdout, _, err = execute(t.Context(), "trace", dir)
	require.ErrorContains(t, err, "is damaged in line 5")
	require.Contains(t, stdout, "1 mask update.\n")
}
