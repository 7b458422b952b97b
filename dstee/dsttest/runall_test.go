package dsttest

import (
	"math"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// Every growth score of a preset passes.
func TestRunAll(t *testing.T) {
	narrowInShort(t)
	tested := map[string]bool{}
	for _, m := range dstee.Methods() {
		if m.Grow.Score == nil || tested[m.Grow.Name] || m.Grow.Name == "momentum" { // RigL's, of another gradient.
			continue
		}
		tested[m.Grow.Name] = true
		if testing.Short() && m.Grow.Name != "thompson" {
			continue
		}
		if m.Grow.Name == dstee.Magnitude().Name {
			continue // Grows what is in reserve: without one, all inactive weights are alike.
		}
		t.Run(m.Grow.Name, func(t *testing.T) { RunAll(t, m.Grow) })
	}
	require.Len(t, tested, 9)
}

// Every drop score of a preset passes.
func TestRunAllDrop(t *testing.T) {
	narrowInShort(t)
	tested := map[string]bool{}
	for _, m := range dstee.Methods() {
		if m.Drop.Score != nil && !tested[m.Drop.Name] {
			tested[m.Drop.Name] = true
			t.Run(m.Drop.Name, func(t *testing.T) { RunAllDrop(t, m.Drop) })
		}
	}
	require.Len(t, tested, 2)
}

// narrowInShort leaves the dearer backend to the long tests.
func narrowInShort(t *testing.T) {
	if testing.Short() {
		t.Setenv(backendtest.BackendsEnv, backendtest.Cheapest())
	}
}

// So does what is composed of all that there is to compose, whatever it reads.
func TestRunAllOfComposition(t *testing.T) {
	if testing.Short() {
		t.Skip("computes much, which the race detector slows down")
	}
	momentum := dstee.Acquisition{Name: "momentum", Score: func(s *dstee.Signals) *Node { return Abs(s.Momentum()) }}
	overdue := dstee.MustFormula("(round - last) * step / steps")
	RunAll(t, dstee.RigL().Normalize(dstee.ByRank).
		Add(dstee.Thompson(dstee.Constant(1)).Normalize(dstee.ByStandardScore).Scale(dstee.Linear{First: 0.1, Last: 0})).
		Add(overdue.Normalize(dstee.ByMax)).
		Add(momentum.Noise(dstee.Constant(0.01))))
}

// Formulas pass, also those of functions that the backends round differently.
func TestRunAllOfFormula(t *testing.T) {
	t.Setenv(backendtest.BackendsEnv, backendtest.Cheapest())
	RunAll(t, dstee.MustFormula("where(n == 0, 2, exp(-n)) * (abs(g) + 0.1*abs(w)) + 1e-9*random"))
}

// stateful is a schedule that changes by being asked.
type stateful struct{ calls *int }

func (s stateful) At(int) float64 {
	*s.calls++
	return math.Sin(float64(*s.calls)) // Never the same twice.
}
func (s stateful) Over(int) dstee.Schedule { return s }
func (s stateful) String() string          { return "stateful" }

// Acquisitions that are wrong fail the requirements that they break, and no other.
func TestBrokenAcquisitionsFail(t *testing.T) {
	if testing.Short() {
		t.Skip("runs all requirements time and again")
	}
	builds, calls := 0, 0
	for name, test := range map[string]struct {
		params []dstee.Param
		score  func(s *dstee.Signals) *Node
		drop   bool
		fails  map[string]string // What the errors say.
	}{
		"new numbers in each graph": {
			score: func(s *dstee.Signals) *Node {
				builds++
				score := s.Random()
				for range builds {
					score = s.Random()
				}
				return score
			},
			fails: map[string]string{
				"deterministic":      "of two Updaters",
				"host equals device": "the masks differ on host and device",
				"not finite":         "the masks differ on host and device",
				"resumes":            "differs between a run of 20 steps and one that was stopped after 10",
			},
		},
		"new numbers in each call": {
			params: []dstee.Param{{Name: "p", Value: stateful{&calls}}},
			score: func(s *dstee.Signals) *Node {
				return Add(Abs(s.Gradient), Mul(s.Param("p"), s.VisitCount()))
			},
			fails: map[string]string{
				"deterministic":      "at first and asked again",
				"host equals device": "the masks differ on host and device",
				"resumes":            "differs between a run of 20 steps and one that was stopped after 10",
			},
		},
		"no signal": {
			score: func(s *dstee.Signals) *Node { return ZerosLike(s.Weight) },
			fails: map[string]string{"masks move": "the mask stands still"},
		},
		"grows what was dropped": {
			score: func(s *dstee.Signals) *Node { return ConvertDType(s.Mask, dtypes.Float32) },
			fails: map[string]string{"masks move": "of the weights that each of 40 rounds grows, [0 0 0 0 0"},
		},
		"another shape": {
			score: func(s *dstee.Signals) *Node { return ReduceAllMean(s.Gradient) },
			fails: map[string]string{"score": "must return a score of the weights' shape"},
		},
		"another dtype": {
			score: func(s *dstee.Signals) *Node { return ConvertDType(s.Gradient, dtypes.Float64) },
			fails: map[string]string{"score": "must return a score of the weights' shape"},
		},
		"NaN": {
			score: func(s *dstee.Signals) *Node { return Sqrt(s.Gradient) },
			fails: map[string]string{"score": "the score is NaN, which ranks below all others, for weight 0, gradient -"},
		},
		"a drop score that is NaN": {
			score: func(s *dstee.Signals) *Node { return Log(s.Weight) },
			drop:  true,
			fails: map[string]string{"score": "the score is NaN"},
		},
		"one shape only": {
			score: func(s *dstee.Signals) *Node {
				return Add(s.Random(), Zeros(s.Weight.Graph(), shapes.Make(dtypes.Float32, layerRows, layerColumns)))
			},
			fails: map[string]string{
				"trains":      "Add",
				"accumulates": "Add",
				"bfloat16":    "Add",
				"float16":     "Add",
				"resumes":     "there is no whole run to compare with",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tested := dstee.Acquisition{Name: name, Params: test.params, Score: test.score}
			s := newSubject(dstee.Magnitude(), tested, false, nil)
			if test.drop {
				s = newSubject(tested, dstee.RigL(), true, nil)
			}
			b, err := newBench(s, backendtest.One(t))
			require.NoError(t, err)
			failed := map[string]bool{}
			for _, c := range checks {
				if err := c.run(b); err != nil {
					failed[c.name] = true
					require.Contains(t, test.fails, c.name, err)
					require.ErrorContains(t, err, test.fails[c.name])
					if c.name == scoreCheck {
						break
					}
				}
			}
			require.Len(t, failed, len(test.fails))
		})
	}
}

// Where the backends round differently, the scores must be computed otherwise, or declared inexact.
func TestBackendsMustAgree(t *testing.T) {
	weighted := func(product func(s *dstee.Signals, x *Node) *Node) func(s *dstee.Signals) *Node {
		return func(s *dstee.Signals) *Node { return Add(Abs(s.Weight), product(s, MulScalar(Abs(s.Gradient), 0.3))) }
	}
	fused := weighted(func(_ *dstee.Signals, x *Node) *Node { return x })
	another := func(s *dstee.Signals) *Node {
		return MulScalar(s.Random(), float64(len(s.Weight.Graph().Backend().Name())))
	}
	for name, test := range map[string]struct {
		score   func(s *dstee.Signals) *Node
		drop    bool
		options []Option
		fails   string
	}{
		"rounded":                 {score: weighted((*dstee.Signals).Rounded)},
		"a product that is added": {score: fused, fails: "put Signals.Rounded around products"},
		"a product that is added, as a drop score": {score: fused, drop: true, fails: "scores differ on \"go\" and \"xla\""},
		"a product that is added, inexact":         {score: fused, options: []Option{Inexact()}},
		"another score, inexact":                   {score: another, options: []Option{Inexact()}, fails: "differ by more than rounding"},
		"infinite, inexact":                        {score: func(s *dstee.Signals) *Node { return Div(Abs(s.Gradient), s.VisitCount()) }, options: []Option{Inexact()}},
	} {
		t.Run(name, func(t *testing.T) {
			tested := dstee.Acquisition{Name: name, Score: test.score}
			s := newSubject(dstee.Magnitude(), tested, false, test.options)
			if test.drop {
				s = newSubject(tested, dstee.RigL(), true, test.options)
			}
			names := []string{"go", "xla"}
			var outcomes [2][]choice
			for i, name := range names {
				b, err := newBench(s, backendtest.Get(t, name))
				require.NoError(t, err)
				outcomes[i], err = b.outcomes(b.host, b.scores, false)
				require.NoError(t, err)
			}
			err := s.compareBackends(names, outcomes[0], outcomes[1])
			if test.fails == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.fails)
			}
		})
	}
}

// What no acquisition can break is seen, too: a report that does not add up, and a store that is not sparse.
func TestChecksOfTraining(t *testing.T) {
	b, err := newBench(newSubject(dstee.Magnitude(), dstee.RigL(), false, nil), backendtest.One(t))
	require.NoError(t, err)
	train := func() *trained {
		r, err := b.train(run{dtype: dtypes.Float32, steps: shortSteps, accumulate: 1})
		require.NoError(t, err)
		return r
	}
	r := train()
	require.NoError(t, r.checkRun(shortSteps))
	require.ErrorContains(t, r.checkRun(wholeSteps), "2 mask updates in 20 steps, want 5")
	r.updates[1].Layers[1].Grown++
	require.ErrorContains(t, r.checkRun(shortSteps), `the update of step 8 dropped 1 and grew 2 weights of layer "/second/weights"`)
	r = train()
	r.updates[0].Skipped = true
	require.ErrorContains(t, r.checkRun(shortSteps), "the update of step 4 was skipped")
	r = train()
	r.active[1] = 50
	r.updates = nil
	require.ErrorContains(t, r.checkRun(0), `the visits of layer "/first" sum to 153, but 1 topologies of 51 weights make 51`)

	r = train()
	store := model.NewStore()
	for _, v := range r.atEnd {
		_, err := store.CreateVariable(v.path, v.value)
		require.NoError(t, err)
	}
	active, err := countActive(store)
	require.NoError(t, err)
	require.Equal(t, r.active, active)
	weights := store.GetVariable("/second/weights")
	ones := make([]float32, modelUnits*modelUnits)
	for i := range ones {
		ones[i] = 1
	}
	require.NoError(t, weights.SetValue(tensors.FromFlatDataAndDimensions(ones, modelUnits, modelUnits)))
	_, err = countActive(store)
	require.ErrorContains(t, err, `layer "/second" stores a weight that is not active`)
	require.NoError(t, weights.SetValue(tensors.FromFlatDataAndDimensions(make([]float32, len(ones)), modelUnits, modelUnits)))
	_, err = countActive(store)
	require.ErrorContains(t, err, `layer "/second" is dead`)
}

// brokenEnv makes TestRunAllOfBroken fail, as a user's would.
const brokenEnv = "SPARSEKERNEL_TEST_BROKEN"

// RunAll itself fails, in the right subtest: seen from outside, in another process.
func TestRunAllOfBroken(t *testing.T) {
	if os.Getenv(brokenEnv) != "" {
		RunAll(t, dstee.Acquisition{Name: "constant", Score: func(s *dstee.Signals) *Node { return OnesLike(s.Weight) }})
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunAllOfBroken$", "-test.v")
	cmd.Env = append(os.Environ(), brokenEnv+"=1", backendtest.BackendsEnv+"="+backendtest.Cheapest())
	output, err := cmd.CombinedOutput()
	require.Error(t, err, "%s", output)
	failed := regexp.MustCompile(`--- FAIL: (\S+)`).FindAllStringSubmatch(string(output), -1)
	var names []string
	for _, match := range failed {
		names = append(names, match[1])
	}
	backend := "TestRunAllOfBroken/" + backendtest.Cheapest()
	require.Equal(t, []string{"TestRunAllOfBroken", backend, backend + "/masks_move"}, names, "%s", output)
}
