package layers_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	gomlx "github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/layers"
)

// inputGradient returns an executable of the gradient of a dense layer's output, weighted by its second input, with respect
// to its first.
func inputGradient(t testing.TB, backend compute.Backend, dense func(scope *model.Scope, x *Node) *Node) *model.Exec {
	t.Helper()
	exec, err := model.NewExec(backend, seeded(t), func(scope *model.Scope, x, weighting *Node) *Node {
		return Gradient(ReduceAllSum(Mul(dense(uniform(scope), x), weighting)), x)[0]
	})
	require.NoError(t, err)
	return exec
}

// denseLayers are GoMLX's layer and ours, which have the same weights.
func denseLayers(outputs int) (theirs, ours func(scope *model.Scope, x *Node) *Node) {
	return func(scope *model.Scope, x *Node) *Node { return gomlx.Dense(scope, x, false, outputs) },
		func(scope *model.Scope, x *Node) *Node { return layers.Dense(scope, x, outputs).Bias(false).Done() }
}

func TestInputGradientEqualsGoMLX(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, dims := range [][]int{{3, 64}, {2, 4, 64}, {64, 8}, {64}} {
			t.Run(fmt.Sprint(dims), func(t *testing.T) {
				const outputs = 48
				theirs, ours := denseLayers(outputs)
				x := random32(1, dims...)
				weighting := random32(2, append(slices.Clone(dims[:len(dims)-1]), outputs)...)
				want := inputGradient(t, backend, theirs).MustCall(x, weighting)[0]
				got := inputGradient(t, backend, ours).MustCall(x, weighting)[0]
				require.Equal(t, dims, got.Shape().Dimensions)
				requireClose(t, flat(want), flat(got), 1e-6, "gradient")
			})
		}
	})
}

// BenchmarkInputGradient measures the gradient of a dense layer with respect to its input on XLA against that of GoMLX's
// layer: the metric ours/gomlx is the ratio of medians of alternating calls.
//
//	go test ./layers -run '^$' -bench InputGradient -benchtime 50x
func BenchmarkInputGradient(b *testing.B) {
	backend := backendtest.Get(b, "xla")
	for _, size := range []struct{ rows, features, outputs int }{
		{32, 512, 512}, {64, 2048, 2048}, {128, 300, 100}, {128, 1024, 1024}, {512, 1024, 1024}, {1024, 1024, 1024},
	} {
		b.Run(fmt.Sprintf("%d×%d×%d", size.rows, size.features, size.outputs), func(b *testing.B) {
			x, weighting := random32(1, size.rows, size.features), random32(2, size.rows, size.outputs)
			theirs, ours := denseLayers(size.outputs)
			var execs [2]*model.Exec
			var times [2][]time.Duration
			for i, dense := range []func(*model.Scope, *Node) *Node{theirs, ours} {
				execs[i] = inputGradient(b, backend, dense)
				execs[i].MustCall(x, weighting)[0].MustFinalizeAll()
			}
			for b.Loop() {
				for i, exec := range execs {
					began := time.Now()
					gradient := exec.MustCall(x, weighting)[0]
					require.NoError(b, gradient.ConstBytes(func([]byte) {})) // Waits for it.
					times[i] = append(times[i], time.Since(began))
					gradient.MustFinalizeAll()
				}
			}
			var medians [2]float64
			for i := range times {
				slices.Sort(times[i])
				medians[i] = 1000 * times[i][len(times[i])/2].Seconds()
			}
			b.ReportMetric(medians[1]/medians[0], "ours/gomlx")
			b.ReportMetric(medians[1], "ms")
		})
	}
}
