package compare

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run"
)

// smallSpec trains in a moment.
func smallSpec(method string) run.Spec {
	spec := run.Default()
	spec.Method, spec.Width, spec.Steps, spec.DeltaT, spec.Batch = method, 1./8, 12, 4, 16
	return spec
}

// contender is a contender that is named after its method.
func contender(method string) Contender { return Contender{Name: method, Spec: smallSpec(method)} }

// smallCells are seven cells: two seeds of dense, static and dst-ee, and a third of dst-ee alone.
func smallCells(t *testing.T) []Cell {
	t.Helper()
	cells, err := Grid{Contenders: []Contender{contender(run.Dense), contender(run.Static), contender("dst-ee")},
		Sparsities: []float64{0.9}, Seeds: []int64{0, 1}}.Cells()
	require.NoError(t, err)
	more, err := Grid{Contenders: []Contender{contender("dst-ee")}, Sparsities: []float64{0.9}, Seeds: []int64{2}}.Cells()
	require.NoError(t, err)
	return append(cells, more...)
}

// fakeTrain makes up a summary that depends on the spec alone, at once.
func fakeTrain(ctx context.Context, _ compute.Backend, spec run.Spec, observer run.Observer) (*run.Summary, error) {
	for step := range spec.Steps {
		if observer.Step != nil {
			observer.Step(step+1, 1)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(uint64(spec.Seed), uint64(1000*spec.Sparsity)+uint64(len(spec.Method))))
	return &run.Summary{Spec: spec, Backend: "fake", Sparsity: spec.Sparsity, TargetSparsity: spec.Sparsity,
		Accuracy: 0.9 + 0.1*random.Float64(), ExplorationRate: random.Float64(), FLOPsRatio: 1 - spec.Sparsity,
		TestExamples: 360, SecondsPerStep: 0.001}, nil
}

// newRunner runs cells with a function, and keeps results in a folder.
func newRunner(t *testing.T, dir string, train TrainFunc) Runner {
	t.Helper()
	folder, err := OpenFolder(dir, "the backend", "this build")
	require.NoError(t, err)
	return Runner{Folder: folder, Jobs: 1, Train: train}
}
