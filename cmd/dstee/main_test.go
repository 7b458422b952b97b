package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// execute runs the command line, and returns what it prints.
func execute(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&errs)
	err = root.ExecuteContext(ctx)
	return out.String(), errs.String(), err
}

func TestTrain(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a wide network, which the race detector slows down")
	}
	backendtest.Run(t, func(t *testing.T, _ compute.Backend) {
		backend := filepath.Base(t.Name())
		dir := filepath.Join(t.TempDir(), "new", "folder")
		stdout, stderr, err := execute(t.Context(), "train", "--backend", backend, "--steps", "60", "--delta-t", "20", "--batch", "32", "--out", dir)
		require.NoError(t, err)
		require.Contains(t, stderr, "step 60 of 60 · dst-ee · loss ")
		require.Contains(t, stderr, "step 60 of 60 · dense · loss ")
		require.Contains(t, stdout, "/mlp/hidden_1/dense/weights   64×512    32768")
		require.Contains(t, stdout, "Sparse minus dense:")

		data, err := os.ReadFile(filepath.Join(dir, "summary.json"))
		require.NoError(t, err)
		var summary struct {
			Method, Model, Data, Backend string
			Seed                         int64
			Steps                        int
			Sparsity, Accuracy, Seconds  float64
			ExplorationRate              float64  `json:"exploration_rate"`
			DenseAccuracy                *float64 `json:"dense_accuracy"`
			FLOPsRatio                   float64  `json:"flops_ratio"`
			MaskUpdates                  int      `json:"mask_updates"`
			Layers                       []run.Layer
		}
		require.NoError(t, json.Unmarshal(data, &summary))
		require.Equal(t, []any{"dst-ee", "mlp", "digits", backend, 60, 3}, []any{summary.Method, summary.Model, summary.Data, summary.Backend, summary.Steps, summary.MaskUpdates})
		active, size := 0, 0
		for _, l := range summary.Layers {
			active += l.Active
			size += l.Size
		}
		require.Equal(t, int(math.Round(0.05*float64(size))), active)
		require.InDelta(t, 0.95, summary.Sparsity, 1e-12)
		require.Greater(t, summary.ExplorationRate, 0.06)
		require.Greater(t, summary.Accuracy, 0.3)
		require.Greater(t, *summary.DenseAccuracy, 0.8)
		require.Less(t, summary.FLOPsRatio, 0.1)
		require.Positive(t, summary.Seconds)
	})
}

func TestTrainJSON(t *testing.T) {
	for _, method := range run.MethodNames() {
		if method == run.Formula {
			continue // TestAcquisition.
		}
		if testing.Short() && !slices.Contains([]string{run.Dense, run.Static, "dst-ee", "top-kast"}, method) {
			continue
		}
		stdout, _, err := execute(t.Context(), "train", "--backend", backendtest.Cheapest(), "--steps", "20", "--delta-t", "10", "--no-dense", "--json",
			"--method", method, "--model", "lenet5", "--width", "0.25", "--batch", "8")
		require.NoError(t, err, method)
		summary := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(stdout), &summary), "nothing but JSON on stdout")
		require.Equal(t, method, summary["method"])
		require.NotContains(t, summary, "dense_accuracy")
		switch method {
		case run.Dense:
			require.Zero(t, summary["sparsity"])
			require.Equal(t, 1.0, summary["flops_ratio"])
		case run.Static, "snip", "grasp", "synflow":
			require.InDelta(t, 1-summary["sparsity"].(float64), summary["exploration_rate"], 1e-9)
		default:
			require.Greater(t, summary["exploration_rate"], 1-summary["sparsity"].(float64))
		}
	}
}

// DST-EE written as a formula trains as DST-EE does, to the last bit.
func TestAcquisition(t *testing.T) {
	train := func(args ...string) map[string]any {
		args = append([]string{"train", "--backend", backendtest.Cheapest(), "--steps", "30", "--delta-t", "10", "--width", "0.125", "--no-dense", "--json"}, args...)
		stdout, _, err := execute(t.Context(), args...)
		require.NoError(t, err)
		summary := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(stdout), &summary))
		return summary
	}
	formula, method := train("--acquisition", "abs(g) + 1e-3*log(t)/(n+1)"), train("--c", "1e-3")
	require.Equal(t, "formula", formula["method"])
	require.Equal(t, method["loss"], formula["loss"])
	require.Equal(t, method["layers"], formula["layers"])
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"train", "--sparsity", "1"}, "sparsity must be in [0, 1), such as 0.95, got 1"},
		{[]string{"train", "--sparsity", "ninety"}, `--sparsity takes a number, got "ninety"`},
		{[]string{"train", "--steps", "1.5"}, `--steps takes a whole number, got "1.5"`},
		{[]string{"train", "--sparsty", "0.9"}, `unknown flag: --sparsty: did you mean "--sparsity"?`},
		{[]string{"train", "-x"}, "unknown shorthand flag: 'x' in -x"},
		{[]string{"watch", "x", "--every", "3"}, `--every "3": time: missing unit`},
		{[]string{"train", "--model", "resnet"}, `unknown model "resnet": did you mean "resnet18"? The known ones are graph-sage, lenet5, link-mlp, mlp`},
		{[]string{"train", "--steps", "50"}, "delta-t 100 is longer than the run of 50 steps"},
		{[]string{"train", "--c", "-1"}, "c must be 0 or more, got -1"},
		{[]string{"train", "--lr", "NaN"}, "lr must be above 0, got NaN"},
		{[]string{"train", "--backend", "tpu"}, `no backend "tpu"`},
		{[]string{"train", "--batch", "5000", "--backend", "go"}, "5000"},
		{[]string{"train", "--sparsity", "0.99999", "--backend", "go"}, "for 3 layers: the lowest density that leaves one for each is 1.803e-05, a sparsity of 0.999981971"},
		{[]string{"train", "--acquisition", "abs(g) + gard"}, "column 10"},
		{[]string{"train", "--acquisition", "abs(g)", "--method", "rigl"}, `got method "rigl" and acquisition "abs(g)"`},
		{[]string{"train", "--method", "formula"}, `the method "formula" takes an acquisition to grow by`},
		{[]string{"train", "--acquisition", ""}, `the method "formula" takes an acquisition to grow by`},
		{[]string{"train", "--keep", "3"}, "--keep says what a run keeps of itself, and this one would keep nothing: give --out"},
		{[]string{"train", "extra"}, `unknown command "extra"`},
		{[]string{"train", "--save-rounds", "3,zero"}, `want rounds counted from 1 such as 3,10, or "every"`},
		{[]string{"train", "--keep", "-1", "--out", "unused"}, "keep must be at least 0, got -1"},
		{[]string{"resume"}, "accepts 1 arg(s), received 0: want `dstee resume RUN [flags]`"},
		{[]string{"resume", "/nowhere"}, "/nowhere holds no run: there is no such folder"},
		{[]string{"resume", "main.go"}, "main.go holds no run: it is a file"},
		{[]string{"resume", "testdata"}, "testdata holds no run: there is no spec.json in it"},
		{[]string{"whatif", "/nowhere"}, "/nowhere holds no run: there is no such folder"},
		{[]string{"whatif", "/nowhere", "--method", "snip"}, `unknown method that grows by a score "snip"`},
		{[]string{"experiment", "link-ia-email", "--plan", "--gflops", "-3"}, "gflops must be above 0, or 0 to measure, got -3"},
		{[]string{"resume", "/nowhere", "--steps", "-1"}, "steps must be 0, for all that are left, or more, got -1"},
		{[]string{"fork", "/nowhere", "new"}, "at least one of the flags in the group [at-round at-step] is required"},
		{[]string{"fork", "/nowhere", "new", "--at-round", "1"}, "/nowhere holds no run"},
		{[]string{"inspect", "/nowhere"}, "/nowhere holds no run"},
		{[]string{"ls", "/nowhere"}, "there is no folder /nowhere"},
		{[]string{"ls", "main.go"}, "there is no folder main.go"},
		{[]string{"rm", "/nowhere", "/neither"}, "/neither holds no run"},
		{[]string{"verify"}, "accepts 1 arg(s), received 0"},
		{[]string{"verify", "/nowhere.json"}, "/nowhere.json: no such file"},
		{[]string{"verify", "main.go"}, "main.go: reading vectors: invalid character"},
	} {
		_, _, err := execute(t.Context(), test.args...)
		require.ErrorContains(t, err, test.want, strings.Join(test.args, " "))
	}
}

// What does not fit the model comes out in the middle of GoMLX, and is said without it.
func TestStructureDoesNotFit(t *testing.T) {
	_, _, err := execute(t.Context(), "train", "--backend", backendtest.Cheapest(), "--model", "lenet5", "--structure", "2:4", "--no-dense")
	require.EqualError(t, err, `dstee: the structure "2:4" does not fit weights of shape [5 5 1 6]: the 1 inputs, the last axis but one, `+
		`must be a multiple of 4; keep the layer dense, or give it "fanin" or "channel", which fit any (layer "/lenet5/c1/conv/weights")`)
}

// The help of each command says what it does, and its defaults are values.
func TestHelp(t *testing.T) {
	for _, cmd := range newRoot().Commands() {
		if cmd.Name() == "help" {
			continue
		}
		help := succeed(t, cmd.Name(), "--help")
		require.True(t, strings.HasPrefix(help, cmd.Name()+" "), "%s: %s", cmd.Name(), help)
		require.NotContains(t, help, "else )")
	}
	require.NotContains(t, succeed(t, "import", "--help"), "--out")
	require.NotContains(t, succeed(t, "fork", "--help"), "--model")
	require.Contains(t, succeed(t, "train", "--help"), "with --out: mask updates to save in full")
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := execute(ctx, "train", "--backend", backendtest.Cheapest(), "--no-dense")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "stopped after 1 of 2000 steps")
}

// A folder that cannot be made is an error, before anything is trained.
func TestOutIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	stdout, stderr, err := execute(t.Context(), "train", "--backend", backendtest.Cheapest(), "--steps", "20", "--delta-t", "10", "--out", file)
	require.ErrorContains(t, err, "not a directory")
	require.Empty(t, stdout+stderr)
}

func TestVerify(t *testing.T) {
	const vectors = "../../dstee/dsttest/vectors.json"
	backendtest.Run(t, func(t *testing.T, _ compute.Backend) {
		stdout, _, err := execute(t.Context(), "verify", vectors, "--backend", filepath.Base(t.Name()))
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(stdout, "\n28 passed, 0 failed\n"), stdout)
	})
	data, err := os.ReadFile(vectors)
	require.NoError(t, err)
	altered := filepath.Join(t.TempDir(), "altered.json")
	require.NoError(t, os.WriteFile(altered, bytes.Replace(data, []byte(`"k":19`), []byte(`"k":18`), 1), 0o644))
	stdout, _, err := execute(t.Context(), "verify", altered, "--backend", backendtest.Cheapest())
	require.ErrorContains(t, err, "2 of 28 cases")
	require.Contains(t, stdout, "FAIL  update on host: c=0 is RigL: dropped 19 and grew 19, want 18")
	require.Contains(t, stdout, "26 passed, 2 failed")
}

func TestDoctor(t *testing.T) {
	stdout, _, err := execute(t.Context(), "doctor")
	require.NoError(t, err)
	require.Contains(t, stdout, "backend ")
	stdout, _, err = execute(t.Context(), "doctor", "--json")
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(stdout)), stdout)
}

// Whatever the flags are, they are refused with an error or make a spec that can be checked.
func FuzzFlags(f *testing.F) {
	f.Add("--sparsity=0.9 --steps 100")
	f.Add("--delta-t=-1 --c 1e400 --lr NaN")
	f.Add("--method rigl --model lenet5 --seed -5")
	f.Fuzz(func(t *testing.T, line string) {
		spec := run.Default()
		flags := pflag.NewFlagSet("train", pflag.ContinueOnError)
		flags.SetOutput(&bytes.Buffer{})
		specFlags(flags, &spec)
		if flags.Parse(strings.Fields(line)) != nil || spec.Validate() != nil {
			return
		}
		require.True(t, spec.Sparsity >= 0 && spec.Sparsity < 1)
		require.GreaterOrEqual(t, spec.Steps, 1)
		require.False(t, math.IsNaN(spec.C+spec.Epsilon+spec.LearningRate+spec.DropFraction))
	})
}
