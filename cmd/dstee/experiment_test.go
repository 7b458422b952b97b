package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

func TestPlan(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "plan.txt"))
	require.NoError(t, err)
	stdout, _, err := execute(t.Context(), "experiment", "vgg19-cifar100", "--plan", "--gflops", "100")
	require.NoError(t, err)
	require.Equal(t, string(want), stdout)

	stdout, _, err = execute(t.Context(), "experiment", "resnet50-cifar100", "--plan", "--json", "--gflops", "1000", "--scale", "0.1",
		"--sparsities", "95", "--methods", "dense,rigl", "--seeds", "2")
	require.NoError(t, err)
	var plan struct {
		Scale, Seconds float64
		Runs           int
		Plans          []struct {
			Spec     struct{ Steps int }
			MACs     int
			Layers   []struct{ Density float64 }
			Training struct {
				FLOPs float64 `json:"dense_flops"`
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &plan), "nothing but JSON on stdout")
	require.Equal(t, []any{0.1, 4, 1, 5625, 1_298_014_208, 54}, []any{plan.Scale, plan.Runs, len(plan.Plans), plan.Plans[0].Spec.Steps,
		plan.Plans[0].MACs, len(plan.Plans[0].Layers)})
	require.InDelta(t, 4*plan.Plans[0].Training.FLOPs/1e12, plan.Seconds, 1e-3)

	// Without a number, that of this machine.
	stdout, _, err = execute(t.Context(), "experiment", "link-ia-email", "--plan", "--backend", backendtest.Cheapest())
	require.NoError(t, err)
	require.Contains(t, stdout, "as this machine multiplies matrices now")
}

// emailFolder is a folder with a graph of 400 nodes in a ring, each linked to the next three, as the data set ia-email.
func emailFolder(t *testing.T) string {
	t.Helper()
	const nodes = 400
	text := fmt.Sprintf("%%%%MatrixMarket matrix coordinate pattern symmetric\n%d %d %d\n", nodes, nodes, 3*nodes)
	for x := range nodes {
		for step := 1; step <= 3; step++ {
			y := (x + step) % nodes
			text += fmt.Sprintf("%d %d\n", max(x, y)+1, min(x, y)+1)
		}
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ia-email-EU.mtx"), []byte(text), 0o644))
	return dir
}

func TestExperiment(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"experiment", "link-ia-email", "--backend", backendtest.Cheapest(), "--data-dir", emailFolder(t), "--batch", "64",
		"--scale", "0.03", "--methods", "dense,rigl,dst-ee", "--sparsities", "80", "--seeds", "1", "--out", out}
	stdout, stderr, err := execute(t.Context(), args...)
	require.NoError(t, err)
	require.Contains(t, stderr, "3 of 3 · ")
	require.Contains(t, stdout, "link-mlp on ia-email, 41 steps of 64 examples, masks move every 2.")
	require.Contains(t, stdout, "NOT THE WHOLE EXPERIMENT: 41 of its 1350 steps, whose masks move every 50.")
	require.Contains(t, stdout, "AUC, %")
	require.Contains(t, stdout, "validation, %")
	require.Contains(t, stdout, "None is that of the best step on test examples")
	require.Contains(t, stdout, "No published number of this experiment could be verified.")

	// One seed more: three results are there, wherever the data lie now.
	stdout, stderr, err = execute(t.Context(), append(args, "--seeds", "2", "--data-dir", emailFolder(t), "--json")...)
	require.NoError(t, err)
	require.Contains(t, stderr, "3 results are there already, 3 are to be trained")
	var result struct {
		Experiment struct{ Name string }
		Scale      float64
		Table      struct {
			Rows []struct {
				Contender string
				AUC       *struct{ Mean float64 }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &result), "nothing but JSON on stdout")
	require.Equal(t, []any{"link-ia-email", 0.03, 3}, []any{result.Experiment.Name, result.Scale, len(result.Table.Rows)})
	for _, row := range result.Table.Rows {
		require.Greater(t, row.AUC.Mean, 0.4, row.Contender)
	}
}

func TestExperimentErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{}, "accepts 1 arg(s), received 0"},
		{[]string{"vgg19"}, `unknown experiment "vgg19": did you mean "vgg19-cifar100"? The known ones are vgg19-cifar100, resnet50-cifar10`},
		{[]string{"vgg19-cifar100", "--scale", "2"}, "scale must be above 0 and at most 1, the whole experiment, got 2"},
		{[]string{"vgg19-cifar100", "--plan", "--methods", "magic"}, `unknown method "magic"`},
		{[]string{"vgg19-cifar100", "--plan", "--model", "link-mlp"}, "the model link-mlp cannot be trained on cifar100"},
		{[]string{"link-ia-email", "--backend", backendtest.Cheapest(), "--data-dir", "/nowhere", "--out", t.TempDir()}, "/nowhere"},
	} {
		_, _, err := execute(t.Context(), append([]string{"experiment"}, test.args...)...)
		require.ErrorContains(t, err, test.want, strings.Join(test.args, " "))
	}
}
