package optimizers_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/optimizers"
	"github.com/stretchr/testify/require"
)

func TestScheduleOnHostAndInGraph(t *testing.T) {
	schedules := []optimizers.Schedule{
		optimizers.Constant(0.1),
		optimizers.Steps{Rate: 0.1, Gamma: 0.1, Milestones: []int{10, 20, 1 << 40}},
		optimizers.Steps{Rate: 0.1, Gamma: 0.1},
		optimizers.Cosine{Rate: 0.1, Min: 4e-8, Length: 20},
		optimizers.Cosine{Rate: 0.1, Length: 100_000_007},
		optimizers.WarmUp{Length: 15, Then: optimizers.Cosine{Rate: 0.3, Length: 1000}},
	}
	steps := []int{0, 1, 2, 9, 10, 14, 15, 16, 19, 20, 21, 39, 40, 41, 999, 1000, 50_000_003, 100_000_006, 1<<40 - 1, 1 << 40}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, schedule := range schedules {
			t.Run(schedule.String(), func(t *testing.T) {
				require.NoError(t, schedule.Validate())
				exec, err := graph.NewExec(backend, schedule.Graph)
				require.NoError(t, err)
				exec.SetMaxCache(1) // a second compilation would fail
				for _, step := range steps {
					node, err := exec.Call1(int64(step))
					require.NoError(t, err)
					onHost, inGraph := float32(schedule.At(step)), float32(tensors.ToScalar[float64](node))
					// Float32 zero has a huge distance to its neighbours in units in the last place.
					if math.Abs(float64(onHost)) < 1e-12 {
						require.InDelta(t, onHost, inGraph, 1e-12, "step %d", step)
						continue
					}
					apart := int64(math.Float32bits(onHost)) - int64(math.Float32bits(inGraph))
					require.LessOrEqual(t, max(apart, -apart), int64(1), "step %d: %g and %g", step, onHost, inGraph)
				}
			})
		}
	})
}

func TestScheduleEndpoints(t *testing.T) {
	cosine := optimizers.Cosine{Rate: 0.1, Min: 0.01, Length: 50}
	require.InDelta(t, 0.1, cosine.At(0), 1e-15)
	require.InDelta(t, 0.055, cosine.At(25), 1e-15)
	require.Equal(t, 0.01, cosine.At(50))
	warm := optimizers.WarmUp{Length: 3, Then: optimizers.Constant(1)}
	for step, want := range []float64{0.25, 0.5, 0.75, 1, 1, 1} {
		require.Equal(t, want, warm.At(step))
	}
}

func TestScheduleValidate(t *testing.T) {
	cases := map[string]struct {
		schedule optimizers.Schedule
		want     string
	}{
		"negative constant":   {optimizers.Constant(-1), "Constant: learning rate is -1"},
		"NaN rate":            {optimizers.Steps{Rate: math.NaN()}, "Steps: Rate is NaN"},
		"infinite gamma":      {optimizers.Steps{Rate: 1, Gamma: math.Inf(1)}, "Steps: Gamma is +Inf"},
		"milestone 0":         {optimizers.Steps{Rate: 1, Milestones: []int{0, 3}}, "milestones are [0 3]"},
		"milestones repeated": {optimizers.Steps{Rate: 1, Milestones: []int{3, 3}}, "milestones are [3 3]"},
		"cosine rate":         {optimizers.Cosine{Rate: -2, Length: 1}, "Cosine: Rate is -2"},
		"cosine minimum":      {optimizers.Cosine{Rate: 1, Min: -1, Length: 1}, "Cosine: Min is -1"},
		"cosine length":       {optimizers.Cosine{Rate: 1}, "Cosine: Length is 0"},
		"warm-up length":      {optimizers.WarmUp{Length: -3, Then: optimizers.Constant(1)}, "WarmUp: Length is -3"},
		"warm-up to nothing":  {optimizers.WarmUp{Length: 3}, "Then is nil"},
		"warm-up to invalid":  {optimizers.WarmUp{Length: 3, Then: optimizers.Constant(-1)}, "learning rate is -1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, c.schedule.Validate(), c.want)
		})
	}
}

// The rates of a run, before there is a run.
func ExampleSchedule() {
	schedule := optimizers.WarmUp{
		Length: 4,
		Then:   optimizers.Steps{Rate: 0.1, Gamma: 0.1, Milestones: []int{80, 120}},
	}
	fmt.Println(schedule)
	for _, step := range []int{0, 1, 4, 79, 80, 120} {
		fmt.Printf("step %3d: %.3g\n", step, schedule.At(step))
	}
	// Output:
	// 0.1, times 0.1 at steps 80, 120, warmed up over 4 steps
	// step   0: 0.02
	// step   1: 0.04
	// step   4: 0.1
	// step  79: 0.1
	// step  80: 0.01
	// step 120: 0.001
}

func ExampleCosine() {
	schedule := optimizers.Cosine{Rate: 0.1, Length: 1000}
	fmt.Println(schedule)
	fmt.Printf("%.3g %.3g %.3g\n", schedule.At(0), schedule.At(500), schedule.At(1000))
	// Output:
	// cosine from 0.1 to 0 over 1000 steps
	// 0.1 0.05 0
}
