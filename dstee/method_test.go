package dstee_test

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// Every method keeps its promise at every step: nothing inactive is stored, no layer is dead, and the total of active
// weights is exactly that of its density.
func TestMethodsTrain(t *testing.T) {
	const steps, final = 40, 0.1
	run := func(t *testing.T, backend compute.Backend, m dstee.Method) {
		store := newStore(t)
		updates := 0
		want := int(math.Round(final * 960))
		sparse := dstee.New(final).Method(m)
		if !m.Static {
			sparse.DeltaT(5)
		}
		density := dstee.Schedule(dstee.Constant(final))
		if m.Density != nil {
			density = m.Density(final).Over(steps)
			want = int(math.Round(density.At(0) * 960))
		}
		sparse.OnUpdate(func(u *dstee.MaskUpdate) error {
			updates++
			want = int(math.Round(density.At(u.Step) * 960))
			require.Equal(t, want, u.Totals().Active, "step %d", u.Step)
			return nil
		})
		s := newSession(backend, store, sparse.Model(testModel), sparse, optimizer.Adam().LearningRate(0.01).Done())
		s.loop.OnStep("check", 100, func(loop *train.Loop, _ []*tensors.Tensor) error {
			total := 0
			for _, n := range requireSparse(t, store, testWeights...) {
				require.Positive(t, n)
				total += n
			}
			require.Equal(t, want, total, "step %d", loop.LoopStep+1)
			return nil
		})
		require.NoError(t, firstError(s.loop.RunSteps(testData{}, steps)))
		switch {
		case m.Static:
			require.Zero(t, updates)
		case m.Updates.(dstee.Every).EndShare != 0:
			require.Equal(t, 6, updates)
		default:
			require.Equal(t, 8, updates)
		}
		require.Equal(t, want, int(math.Round(final*960)))
		require.Empty(t, sparse.UnmaskedStates())
	}
	for _, m := range dstee.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			backendtest.Run(t, func(t *testing.T, backend compute.Backend) { run(t, backend, m) })
		})
	}
}
