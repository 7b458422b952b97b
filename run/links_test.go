package run_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// graphFolder is a folder with a graph of 300 nodes, each linked to its next three, as the data set ia-email.
func graphFolder(t *testing.T) string {
	t.Helper()
	const nodes = 300
	var text strings.Builder
	fmt.Fprintf(&text, "%%%%MatrixMarket matrix coordinate pattern symmetric\n%d %d %d\n", nodes, nodes, 3*nodes)
	for x := range nodes {
		for step := 1; step <= 3; step++ {
			y := (x + step) % nodes
			fmt.Fprintf(&text, "%d %d\n", max(x, y)+1, min(x, y)+1)
		}
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ia-email-EU.mtx"), []byte(text.String()), 0o644))
	return dir
}

// shortLinks is a run of 40 steps that predicts links.
func shortLinks(t *testing.T, model string) run.Spec {
	spec := short(2)
	spec.Model, spec.Data, spec.DataDir = model, "ia-email", graphFolder(t)
	spec.Optimizer, spec.WeightDecay, spec.Sparsity, spec.Batch = "nesterov", 5e-4, 0.8, 32
	return spec
}

// requireResumes checks that a run in pieces is one in a piece, bit for bit.
func requireResumes(t *testing.T, spec run.Spec, backend compute.Backend) *run.Summary {
	t.Helper()
	whole, pieces := create(t, spec, often()), create(t, spec, often())
	want := trained(t, whole, backend, 0)
	for _, steps := range []int{7, 13} {
		trained(t, pieces, backend, steps)
		pieces.Close()
	}
	require.Equal(t, want, trained(t, pieces, backend, 0))
	requireSame(t, whole.Dir(), pieces.Dir())
	return want
}

func TestLinks(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		requireLearns(t, requireResumes(t, shortLinks(t, "link-mlp"), backend))
	})
}

// A network that passes messages, whose graph is neither part of the compiled model nor of checkpoints.
func TestLinksByMessages(t *testing.T) {
	backend := backendtest.One(t)
	spec := shortLinks(t, "graph-sage")
	requireLearns(t, requireResumes(t, spec, backend))

	r := create(t, spec, often())
	trained(t, r, backend, 10)
	r.Close()
	store, err := r.Model(run.Newest)
	require.NoError(t, err)
	defer store.Finalize()
	for v := range store.IterVariables() {
		require.NotContains(t, v.Shape().Dimensions, 300, "%s is as long as the graph", v.Path())
	}
}

// requireLearns checks that a run predicts links better than by chance, as it can: neighbors in a ring share neighbors.
func requireLearns(t *testing.T, summary *run.Summary) {
	t.Helper()
	require.Greater(t, *summary.AUC, 0.6)
	require.Less(t, *summary.AUC, 1.0)
	require.Greater(t, *summary.ValidAUC, 0.5)
	require.Positive(t, summary.ValidExamples)
	require.Greater(t, *summary.ValidAccuracy, 0.4)
	require.InDelta(t, 0.8, summary.Sparsity, 0.01)
}

// A run of images with the recipe of the paper's resumes too.
func TestRecipeResumes(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a deep network, which the race detector slows down")
	}
	spec := short(1)
	spec.Model, spec.Width, spec.HoldOut, spec.Batch = "resnet18", 1./16, 10, 4
	spec.Optimizer, spec.LearningRate, spec.WeightDecay = "nesterov", 0.05, 5e-4
	spec.Schedule, spec.WarmUp, spec.LabelSmoothing = "steps@0.5,0.75", 3, 0.1
	summary := requireResumes(t, spec, backendtest.One(t))
	require.Nil(t, summary.AUC)
	require.Equal(t, 1437, summary.TrainExamples+summary.ValidExamples)
	require.InDelta(t, 143, summary.ValidExamples, 10)
	require.NotNil(t, summary.ValidAccuracy)
}

// Data may move: the run goes on where its spec says they are now.
func TestDataMoved(t *testing.T) {
	backend := backendtest.One(t)
	spec := shortLinks(t, "link-mlp")
	whole, moved := create(t, spec, often()), create(t, spec, often())
	want := trained(t, whole, backend, 0)
	trained(t, moved, backend, 15)
	moved.Close()
	there := filepath.Join(t.TempDir(), "there")
	require.NoError(t, os.Rename(spec.DataDir, there))
	path := filepath.Join(moved.Dir(), "spec.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), spec.DataDir, there)), 0o644))
	r, err := run.Load(moved.Dir())
	require.NoError(t, err)
	t.Cleanup(r.Close)
	got := trained(t, r, backend, 0)
	got.DataDir = want.DataDir
	require.Equal(t, want, got)
}
