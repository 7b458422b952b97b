package optimizers_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/optimizers"
	"github.com/stretchr/testify/require"
)

// recurrence is what testdata/recurrence.json holds: a problem and how PyTorch solves it. See recurrence.py.
type recurrence struct {
	Source  string
	Scale   []float64
	W0, B0  []float64
	TargetW [][]float64 `json:"target_w"` // [step][4]
	TargetB [][]float64 `json:"target_b"` // [step][2]
	Cases   map[string]struct {
		Rates []float64   // [step]
		W     [][]float64 // [step][4]
		B     [][]float64 // [step][2]
	}
}

func loadRecurrence(t testing.TB) *recurrence {
	contents, err := os.ReadFile("testdata/recurrence.json")
	require.NoError(t, err)
	r := &recurrence{}
	require.NoError(t, json.Unmarshal(contents, r))
	return r
}

const (
	weightsPath = "/layer/weights"
	biasesPath  = "/layer/biases"
	ratePath    = "/optimizers/learning_rate"
)

// problem is the training of recurrence's problem in one dtype. Its weights are /layer/weights and /layer/biases.
type problem struct {
	*recurrence
	store   *model.Store
	trainer *train.Trainer
	builds  int // number of times that the model's graph was built
}

func newProblem(t testing.TB, backend compute.Backend, store *model.Store, dtype dtypes.DType,
	opt optimizer.Interface) *problem {
	p := &problem{recurrence: loadRecurrence(t), store: store}
	for path, value := range map[string]*tensors.Tensor{weightsPath: matrix(p.W0), biasesPath: vector(p.B0)} {
		cast := tensors.MustFromAnyValue(shapes.CastAsDType(value.Value(), dtype))
		_, err := store.CreateVariable(path, cast)
		require.NoError(t, err)
	}
	modelFn := func(scope *model.Scope, inputs []*graph.Node) []*graph.Node {
		p.builds++
		g := inputs[0].Graph()
		squared := func(path string, target *graph.Node) *graph.Node {
			w := store.GetVariable(path).NodeValue(g)
			return graph.Square(graph.Sub(w, graph.ConvertDType(target, dtype)))
		}
		scale := graph.ConvertDType(graph.Const(g, matrix(p.Scale)), dtype)
		loss := graph.Add(
			graph.ReduceAllSum(graph.Mul(scale, squared(weightsPath, inputs[0]))),
			graph.ReduceAllSum(squared(biasesPath, inputs[1])))
		train.AddMainLoss(graph.MulScalar(loss, 0.5))
		return nil
	}
	p.trainer = train.NewTrainer(backend, store, modelFn, nil, opt, nil, nil)
	return p
}

func matrix(values []float64) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(values, 2, 2) }
func vector(values []float64) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(values, 2) }

// step trains with the targets of step t.
func (p *problem) step(t testing.TB, step int) {
	require.NoError(t, p.stepTo(p.TargetW[step], p.TargetB[step]))
}

func (p *problem) stepTo(targetW, targetB []float64) error {
	_, err := p.trainer.TrainStep(train.Batch{Inputs: []*tensors.Tensor{matrix(targetW), vector(targetB)}})
	return err
}

// values returns a variable's values as float64, row by row.
func values(t testing.TB, store *model.Store, path string) []float64 {
	v := store.GetVariable(path)
	require.NotNil(t, v, "no variable %q", path)
	var converted []float64
	require.NoError(t, v.MustValue().ConstFlatData(func(flat any) {
		switch flat := flat.(type) {
		case []float32:
			converted = convert(flat, func(x float32) float64 { return float64(x) })
		case []float64:
			converted = slices.Clone(flat)
		case []bfloat16.BFloat16:
			converted = convert(flat, func(x bfloat16.BFloat16) float64 { return float64(x.Float32()) })
		default:
			t.Fatalf("variable %q holds %T", path, flat)
		}
	}))
	return converted
}

func convert[From, To any](from []From, f func(From) To) []To {
	to := make([]To, len(from))
	for i, x := range from {
		to[i] = f(x)
	}
	return to
}

func TestRecurrence(t *testing.T) {
	recipe := func() *optimizers.SGDConfig {
		return optimizers.SGD().LearningRate(0.1).Momentum(0.9).Nesterov(true).WeightDecay(5e-2)
	}
	scheduled := func(s optimizers.Schedule) optimizer.Interface { return recipe().Schedule(s).Done() }
	cases := map[string]optimizer.Interface{
		"plain":                     optimizers.SGD().LearningRate(0.1).Done(),
		"momentum":                  optimizers.SGD().LearningRate(0.05).Momentum(0.9).Done(),
		"nesterov":                  optimizers.SGD().LearningRate(0.05).Momentum(0.9).Nesterov(true).Done(),
		"weight decay":              optimizers.SGD().LearningRate(0.1).WeightDecay(5e-2).Done(),
		"momentum and weight decay": optimizers.SGD().LearningRate(0.05).Momentum(0.8).WeightDecay(5e-2).Done(),
		"nesterov and weight decay": recipe().Done(),
		"StepLR":                    scheduled(optimizers.Steps{Rate: 0.1, Gamma: 0.5, Milestones: []int{6, 12, 18}}),
		"MultiStepLR":               scheduled(optimizers.Steps{Rate: 0.1, Gamma: 0.3, Milestones: []int{5, 9, 15}}),
		"CosineAnnealingLR":         scheduled(optimizers.Cosine{Rate: 0.1, Min: 1e-3, Length: 20}),
		"CosineAnnealingLR past T_max": scheduled(
			optimizers.Cosine{Rate: 0.1, Min: 1e-2, Length: 7}),
		"LinearLR and MultiStepLR": scheduled(optimizers.WarmUp{Length: 4,
			Then: optimizers.Steps{Rate: 0.1, Gamma: 0.1, Milestones: []int{9, 15}}}),
		"Adam and CosineAnnealingLR": optimizers.Scheduled(
			optimizer.Adam().Epsilon(1e-7).Done(), optimizers.Cosine{Rate: 0.05, Length: 20}),
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(loadRecurrence(t).Cases)), slices.Collect(maps.Keys(cases)))
	tolerances := map[dtypes.DType]float64{dtypes.Float32: 1e-6, dtypes.Float64: 1e-12}

	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for name, opt := range cases {
			for dtype, tolerance := range tolerances {
				t.Run(name+"/"+dtype.String(), func(t *testing.T) {
					p := newProblem(t, backend, model.NewStore(), dtype, opt)
					want := p.Cases[name]
					for step := range want.W {
						p.step(t, step)
						require.InDeltaSlice(t, want.W[step], values(t, p.store, weightsPath), tolerance, "step %d", step)
						require.InDeltaSlice(t, want.B[step], values(t, p.store, biasesPath), tolerance, "step %d", step)
						require.InDelta(t, want.Rates[step], values(t, p.store, ratePath)[0], tolerance, "step %d", step)
					}
					require.Equal(t, 1, p.builds, "one graph must serve all steps")
					require.EqualValues(t, len(want.W), p.trainer.GlobalStep())
				})
			}
		}
	})
}
