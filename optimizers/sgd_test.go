package optimizers_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/optimizers"
	"github.com/stretchr/testify/require"
)

const momentumPath = "/SGD/layer/weights_momentum"

// recipe is the paper's: Nesterov momentum, weight decay and a cosine.
func recipe() optimizer.Interface {
	return optimizers.SGD().Momentum(0.9).Nesterov(true).WeightDecay(5e-2).
		Schedule(optimizers.Cosine{Rate: 0.1, Min: 1e-3, Length: 20}).Done()
}

func TestDecayOnly(t *testing.T) {
	all := func(*model.Variable) bool { return true }
	biases := func(v *model.Variable) bool { return v.Name() == "biases" }
	cases := map[string]struct {
		config       *optimizers.SGDConfig
		wLeft, bLeft float64
	}{
		"default":  {optimizers.SGD().WeightDecay(0.5), 0.5, 1},
		"all":      {optimizers.SGD().WeightDecay(0.5).DecayOnly(all), 0.5, 0.5},
		"biases":   {optimizers.SGD().WeightDecay(0.5).DecayOnly(biases), 1, 0.5},
		"no decay": {optimizers.SGD().DecayOnly(all), 1, 1},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				p := newProblem(t, backend, model.NewStore(), dtypes.Float64, c.config.LearningRate(1).Done())
				// At their targets the weights have no gradient, so that only decay changes them.
				require.NoError(t, p.stepTo(p.W0, p.B0))
				for i, w := range values(t, p.store, weightsPath) {
					require.InDelta(t, c.wLeft*p.W0[i], w, 1e-12)
				}
				for i, b := range values(t, p.store, biasesPath) {
					require.InDelta(t, c.bLeft*p.B0[i], b, 1e-12)
				}
			})
		}
	})
}

// Averaging the gradients of several targets is the gradient at the average target, so accumulation over 2 batches is
// training on 10 averages.
func TestAccumulateGradients(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		accumulated := newProblem(t, backend, model.NewStore(), dtypes.Float64, recipe())
		require.NoError(t, accumulated.trainer.AccumulateGradients(2))
		averaged := newProblem(t, backend, model.NewStore(), dtypes.Float64, recipe())
		mean := func(a, b []float64) []float64 {
			m := make([]float64, len(a))
			for i := range m {
				m[i] = (a[i] + b[i]) / 2
			}
			return m
		}
		for step := 0; step < len(averaged.TargetW); step += 2 {
			accumulated.step(t, step)
			accumulated.step(t, step+1)
			require.NoError(t, averaged.stepTo(
				mean(averaged.TargetW[step], averaged.TargetW[step+1]),
				mean(averaged.TargetB[step], averaged.TargetB[step+1])))
			for _, path := range []string{weightsPath, biasesPath, momentumPath, ratePath} {
				require.InDeltaSlice(t, values(t, averaged.store, path), values(t, accumulated.store, path), 1e-12,
					"%s after batch %d", path, step+1)
			}
		}
	})
}

func TestResume(t *testing.T) {
	cases := map[string]func() optimizer.Interface{
		"sgd": recipe,
		"adam": func() optimizer.Interface {
			return optimizers.Scheduled(optimizer.Adam().Done(), optimizers.Cosine{Rate: 0.05, Length: 20})
		},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for name, newOptimizer := range cases {
			t.Run(name, func(t *testing.T) {
				straight := newProblem(t, backend, model.NewStore(), dtypes.Float32, newOptimizer())
				stopped := newProblem(t, backend, model.NewStore(), dtypes.Float32, newOptimizer())
				for step := range 7 {
					straight.step(t, step)
					stopped.step(t, step)
				}
				resumed := newProblem(t, backend, reloaded(t, stopped.store), dtypes.Float32, newOptimizer())
				for step := 7; step < len(straight.TargetW); step++ {
					straight.step(t, step)
					resumed.step(t, step)
				}
				for v := range straight.store.IterVariables() {
					if strings.HasPrefix(v.Path(), "/metrics/") {
						continue // GoMLX gives each trainer's metrics names of their own
					}
					got := resumed.store.GetVariable(v.Path())
					require.NotNil(t, got, v.Path())
					require.Equal(t, v.MustValue().Value(), got.MustValue().Value(), v.Path())
					require.Equal(t, v.Trainable, got.Trainable, v.Path())
				}
			})
		}
	})
}

// reloaded returns a store with the values of another, all trainable as after GoMLX's checkpoint load.
func reloaded(t *testing.T, store *model.Store) *model.Store {
	loaded := model.NewStore()
	for v := range store.IterVariables() {
		value, err := v.MustValue().LocalClone()
		require.NoError(t, err)
		_, err = loaded.CreateVariable(v.Path(), value)
		require.NoError(t, err)
	}
	return loaded
}

func TestBFloat16(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		opt := optimizers.SGD().LearningRate(0.1).Momentum(0.9).Nesterov(true).WeightDecay(5e-2).Done()
		p := newProblem(t, backend, model.NewStore(), dtypes.BFloat16, opt)
		want := p.Cases["nesterov and weight decay"].W
		for step := range want {
			p.step(t, step)
			// bfloat16 rounds values below 1 by up to 1/512; the momentum sums the roundings of 20 steps.
			require.InDeltaSlice(t, want[step], values(t, p.store, weightsPath), 0.05, "step %d", step)
		}
		require.Equal(t, dtypes.BFloat16, p.store.GetVariable(weightsPath).DType())
		require.Equal(t, dtypes.Float32, p.store.GetVariable(momentumPath).DType())
		require.Equal(t, dtypes.Float32, p.store.GetVariable(ratePath).DType())
	})
}

func TestMomentumVariables(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		p := newProblem(t, backend, model.NewStore(), dtypes.Float32, recipe())
		p.step(t, 0)
		for _, path := range []string{weightsPath, biasesPath} {
			buffer := p.store.GetVariable("/SGD" + path + "_momentum")
			require.NotNil(t, buffer)
			require.True(t, buffer.Shape().Equal(p.store.GetVariable(path).Shape()))
			require.False(t, buffer.Trainable)
		}
		require.NoError(t, recipe().Clear(p.store.RootScope()))
		require.Nil(t, p.store.GetVariable(momentumPath))
		require.NotNil(t, p.store.GetVariable(weightsPath))

		plain := newProblem(t, backend, model.NewStore(), dtypes.Float32, optimizers.SGD().Done())
		plain.step(t, 0)
		require.Nil(t, plain.store.GetVariable(momentumPath), "without momentum there is no buffer")
	})
}

func TestLearningRateVariable(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		store := model.NewStore()
		store.SetParam(optimizer.ParamLearningRate, 0.25)
		p := newProblem(t, backend, store, dtypes.Float64, optimizers.SGD().Done())
		p.step(t, 0)
		require.Equal(t, []float64{0.25}, values(t, store, ratePath))

		before := values(t, store, weightsPath)
		require.NoError(t, store.GetVariable(ratePath).SetValue(tensors.FromScalar(0.0)))
		p.step(t, 1)
		require.Equal(t, before, values(t, store, weightsPath), "rate 0 must not change weights")
		require.Equal(t, 1, p.builds)

		given := newProblem(t, backend, model.NewStore(), dtypes.Float64, optimizers.SGD().LearningRate(1).Done())
		_, err := given.store.CreateVariable(ratePath, tensors.FromScalar(0.0))
		require.NoError(t, err)
		given.step(t, 0)
		require.Equal(t, given.W0, values(t, given.store, weightsPath), "a variable that exists keeps its value")
		require.False(t, given.store.GetVariable(ratePath).Trainable)
	})
}

func TestClipping(t *testing.T) {
	nans := []float64{math.NaN(), 0, 0, 0}
	cases := map[string]struct {
		param any
		key   string
		check func(t *testing.T, p *problem)
	}{
		"step by value": {0.01, optimizer.ParamClipStepByValue, func(t *testing.T, p *problem) {
			require.NoError(t, p.stepTo([]float64{9, -9, 9, -9}, p.B0))
			w := values(t, p.store, weightsPath)
			for i, sign := range []float64{1, -1, 1, -1} {
				require.InDelta(t, p.W0[i]+sign*0.01, w[i], 1e-6)
			}
		}},
		"NaN": {true, optimizer.ParamClipNaN, func(t *testing.T, p *problem) {
			require.NoError(t, p.stepTo(nans, p.B0))
			require.InDeltaSlice(t, p.W0, values(t, p.store, weightsPath), 1e-7, "the NaN gradient must count as zeros")
			p.step(t, 1)
			for _, x := range append(values(t, p.store, weightsPath), values(t, p.store, momentumPath)...) {
				require.False(t, math.IsNaN(x), "the NaN must not stay in the momentum")
			}
		}},
		"overflow": {true, optimizer.ParamClipNaN, func(t *testing.T, p *problem) {
			require.NoError(t, p.stepTo([]float64{3e38, 0, 0, 0}, p.B0)) // finite, and infinite with Nesterov's momentum
			require.InDelta(t, p.W0[0], values(t, p.store, weightsPath)[0], 1e-7)
		}},
		"NaN not clipped": {false, optimizer.ParamClipNaN, func(t *testing.T, p *problem) {
			require.NoError(t, p.stepTo(nans, p.B0))
			require.True(t, math.IsNaN(values(t, p.store, weightsPath)[0]))
		}},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				store := model.NewStore()
				store.SetParam(c.key, c.param)
				c.check(t, newProblem(t, backend, store, dtypes.Float32,
					optimizers.SGD().Momentum(0.9).Nesterov(true).Done()))
			})
		}
	})
}

// tracer records the names of the traced variables.
type tracer []string

func (tr *tracer) Trace(_ *graph.Node, scopes ...string) { *tr = append(*tr, scopes...) }

func TestTraceGradients(t *testing.T) {
	var traced tracer
	store := model.NewStore()
	store.SetParam(optimizer.ParamNanLogger, &traced)
	newProblem(t, backendtest.Get(t, "go"), store, dtypes.Float32, recipe()).step(t, 0)
	require.ElementsMatch(t, tracer{"Gradients", weightsPath, "Gradients", biasesPath}, traced)
}

func TestSGDErrors(t *testing.T) {
	cases := map[string]struct {
		config *optimizers.SGDConfig
		want   string
	}{
		"negative rate":    {optimizers.SGD().LearningRate(-1), "learning rate is -1"},
		"NaN rate":         {optimizers.SGD().LearningRate(math.NaN()), "learning rate is NaN"},
		"momentum 1":       {optimizers.SGD().Momentum(1), "momentum is 1"},
		"nesterov alone":   {optimizers.SGD().Nesterov(true), "such as 0.9"},
		"infinite decay":   {optimizers.SGD().WeightDecay(math.Inf(1)), "weight decay is +Inf"},
		"nil predicate":    {optimizers.SGD().DecayOnly(nil), "DecayOnly got nil"},
		"invalid schedule": {optimizers.SGD().Schedule(optimizers.Cosine{Rate: 0.1}), "Length is 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := newProblem(t, backendtest.Get(t, "go"), model.NewStore(), dtypes.Float32, c.config.Done())
			require.ErrorContains(t, p.stepTo(p.W0, p.B0), c.want)
		})
	}
}

func TestSGDWithoutTrainableVariables(t *testing.T) {
	modelFn := func(_ *model.Scope, inputs []*graph.Node) []*graph.Node {
		train.AddMainLoss(graph.ReduceAllSum(inputs[0]))
		return nil
	}
	trainer := train.NewTrainer(
		backendtest.Get(t, "go"), model.NewStore(), modelFn, nil, recipe(), nil, nil)
	_, err := trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{vector([]float64{1, 2})}})
	require.ErrorContains(t, err, "no trainable variable")
}

// The line through three points, fitted with the recipe of the paper. Weight decay leaves scalars alone.
func ExampleSGD() {
	const steps = 200
	opt := optimizers.SGD().Momentum(0.9).Nesterov(true).WeightDecay(5e-4).
		Schedule(optimizers.Cosine{Rate: 0.1, Length: steps}).Done()

	backend, err := backends.Open("go")
	if err != nil {
		fmt.Println(err)
		return
	}
	store := model.NewStore()
	line := func(scope *model.Scope, inputs []*graph.Node) []*graph.Node {
		x := inputs[0]
		slope := scope.VariableWithValue("slope", float32(0)).NodeValue(x)
		offset := scope.VariableWithValue("offset", float32(0)).NodeValue(x)
		return []*graph.Node{graph.Add(graph.Mul(slope, x), offset)}
	}
	trainer := train.NewTrainer(backend, store, line, loss.MeanSquaredError, opt, nil, nil)
	for range steps {
		_, err = trainer.TrainStep(train.Batch{
			Inputs: []*tensors.Tensor{tensors.FromValue([][]float32{{-1}, {0}, {1}})},
			Labels: []*tensors.Tensor{tensors.FromValue([][]float32{{-1}, {1}, {3}})},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	slope := tensors.ToScalar[float32](store.GetVariable("/slope").MustValue())
	offset := tensors.ToScalar[float32](store.GetVariable("/offset").MustValue())
	fmt.Printf("y = %.2f x + %.2f\n", slope, offset)
	// Output: y = 2.00 x + 1.00
}
