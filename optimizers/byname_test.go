package optimizers_test

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/optimizers"
	"github.com/stretchr/testify/require"
)

func TestByNameTrains(t *testing.T) {
	require.Subset(t, optimizers.Names(), []string{"sgd", "momentum", "nesterov", "adam", "adamax", "adamw", "rmsprop"})
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, name := range optimizers.Names() {
			t.Run(name, func(t *testing.T) {
				store := model.NewStore()
				opt, err := optimizers.ByName(store.RootScope(), name)
				require.NoError(t, err)
				p := newProblem(t, backend, store, dtypes.Float32, opt)
				p.step(t, 0)
				require.NotEqual(t, p.W0, values(t, store, weightsPath))
			})
		}
	})
}

// The names of SGD with the hyperparameters of a recorded case must do what the case did.
func TestByNameHyperparameters(t *testing.T) {
	cases := map[string]struct {
		name   string
		params map[string]any
	}{
		"plain":    {"sgd", map[string]any{optimizer.ParamLearningRate: 0.1}},
		"momentum": {"momentum", map[string]any{optimizer.ParamLearningRate: 0.05}},
		"nesterov": {"nesterov", map[string]any{optimizer.ParamLearningRate: 0.05}},
		"momentum and weight decay": {"nesterov", map[string]any{optimizer.ParamLearningRate: 0.05,
			optimizers.ParamNesterov: false, optimizers.ParamMomentum: 0.8, optimizers.ParamWeightDecay: 5e-2}},
	}
	for recorded, c := range cases {
		t.Run(recorded, func(t *testing.T) {
			store := model.NewStore()
			store.SetParams(c.params)
			opt, err := optimizers.ByName(store.RootScope(), c.name)
			require.NoError(t, err)
			p := newProblem(t, backendtest.Get(t, "go"), store, dtypes.Float64, opt)
			for step, want := range p.Cases[recorded].W {
				p.step(t, step)
				require.InDeltaSlice(t, want, values(t, store, weightsPath), 1e-12)
			}
		})
	}
}

// GoMLX's own "adamw" by name does not decay weights unless a hyperparameter says so; this one does.
func TestAdamWDecays(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		after := func(name string, params map[string]any) []float64 {
			store := model.NewStore()
			store.SetParams(params)
			opt, err := optimizers.ByName(store.RootScope(), name)
			require.NoError(t, err)
			p := newProblem(t, backend, store, dtypes.Float64, opt)
			p.step(t, 0)
			return values(t, store, weightsPath)
		}
		adam := after("adam", nil)
		require.NotEqual(t, adam, after("adamw", nil))
		require.Equal(t, adam, after("adamw", map[string]any{optimizer.ParamAdamWeightDecay: 0.0}))
	})
}

func TestByNameErrors(t *testing.T) {
	cases := map[string]struct {
		name, key string
		value     any
		want      string
	}{
		"unknown":            {"lion", "", nil, `no optimizer "lion": choose one of ["adam"`},
		"momentum too large": {"sgd", optimizers.ParamMomentum, 1.5, `optimizer "sgd": SGD: momentum is 1.5`},
		"wrong type":         {"sgd", optimizers.ParamMomentum, "fast", `optimizer "sgd"`},
		"adam's dtype":       {"adam", optimizer.ParamAdamDType, "int8", `optimizer "adam"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			store := model.NewStore()
			if c.key != "" {
				store.SetParam(c.key, c.value)
			}
			_, err := optimizers.ByName(store.RootScope(), c.name)
			require.ErrorContains(t, err, c.want)
		})
	}
}
