package optimizers_test

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/optimizers"
	"github.com/stretchr/testify/require"
)

func TestScheduledBases(t *testing.T) {
	schedule := optimizers.Steps{Rate: 0.1, Gamma: 0.5, Milestones: []int{1}}
	adam64 := func(scope *model.Scope) optimizer.Interface {
		scope.SetParam(optimizer.ParamAdamDType, "float64")
		return optimizer.Adam().FromScope(scope).Done()
	}
	gomlxSGD := func(scope *model.Scope) optimizer.Interface {
		scope.SetParam(optimizer.ParamAdamDType, "float64") // read by Adam only
		return optimizer.StochasticGradientDescent().WithDecay(false).Done()
	}
	own := func(*model.Scope) optimizer.Interface { return optimizers.SGD().Momentum(0.9).Done() }
	cases := map[string]struct {
		newBase          func(scope *model.Scope) optimizer.Interface
		dtype, wantDType dtypes.DType
	}{
		"adam in float64": {newBase: adam64, dtype: dtypes.Float32, wantDType: dtypes.Float64},
		"GoMLX's SGD":     {newBase: gomlxSGD, dtype: dtypes.BFloat16, wantDType: dtypes.BFloat16},
		"SGD":             {newBase: own, dtype: dtypes.BFloat16, wantDType: dtypes.Float32},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				store := model.NewStore()
				opt := optimizers.Scheduled(c.newBase(store.RootScope()), schedule)
				p := newProblem(t, backend, store, c.dtype, opt)
				for step := range 3 {
					p.step(t, step)
					require.InDelta(t, schedule.At(step), values(t, store, ratePath)[0], 1e-3)
				}
				require.Equal(t, c.wantDType, store.GetVariable(ratePath).DType())
				require.False(t, store.GetVariable(ratePath).Trainable)
			})
		}
	})
}

// lossOnly hides all but optimizer.Interface.
type lossOnly struct{ optimizer.Interface }

func TestScheduledOffersWhatTheBaseOffers(t *testing.T) {
	base := optimizers.SGD().Done()
	_, ok := optimizers.Scheduled(base, optimizers.Constant(1)).(train.OptimizeWithGradients)
	require.True(t, ok)
	_, ok = optimizers.Scheduled(lossOnly{base}, optimizers.Constant(1)).(train.OptimizeWithGradients)
	require.False(t, ok)

	p := newProblem(t, backendtest.Get(t, "go"), model.NewStore(), dtypes.Float32,
		optimizers.Scheduled(lossOnly{base}, optimizers.Constant(0)))
	p.step(t, 0)
	require.InDeltaSlice(t, p.W0, values(t, p.store, weightsPath), 1e-7, "the schedule's rate is 0")
}

func TestScheduledErrors(t *testing.T) {
	cases := map[string]struct {
		schedule  optimizers.Schedule
		adamDType string
		want      string
	}{
		"no schedule":      {nil, "", "the schedule is nil"},
		"invalid schedule": {optimizers.Constant(-1), "", "learning rate is -1"},
		"Adam's dtype":     {optimizers.Constant(1), "int32", `"int32"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			store := model.NewStore()
			store.SetParam(optimizer.ParamAdamDType, c.adamDType)
			p := newProblem(t, backendtest.Get(t, "go"), store, dtypes.Float32,
				optimizers.Scheduled(optimizer.Adam().Done(), c.schedule))
			require.ErrorContains(t, p.stepTo(p.W0, p.B0), c.want)
		})
	}
}
