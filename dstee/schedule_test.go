package dstee_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/dstee"
)

func TestSchedules(t *testing.T) {
	for _, test := range []struct {
		schedule dstee.Schedule
		at       map[int]float64
		printed  string
	}{
		{dstee.Constant(0.3), map[int]float64{0: 0.3, 1: 0.3, 10000: 0.3}, "0.3"},
		{dstee.Cosine{First: 0.5, Last: 0.005}, // The drop fractions of the reference vectors.
			map[int]float64{0: 0.5, 1: 0.49999877863745995, 100: 0.48788648778305055, 500: 0.2525, 1000: 0.005, 2000: 0.005},
			"cosine 0.5 → 0.005 from step 0 to step 1000"},
		{dstee.Cosine{First: 0.3, End: 750}, map[int]float64{0: 0.3, 375: 0.15, 750: 0, 1000: 0}, "cosine 0.3 → 0 from step 0 to step 750"},
		{dstee.Linear{First: 1, Last: 2, Begin: 100, End: 200}, map[int]float64{0: 1, 100: 1, 150: 1.5, 200: 2, 999: 2},
			"linear 1 → 2 from step 100 to step 200"},
		{dstee.Polynomial{First: 1, Last: 0.1, Power: 3}, map[int]float64{0: 1, 500: 0.1 + 0.9/8, 1000: 0.1},
			"polynomial of power 3 1 → 0.1 from step 0 to step 1000"},
		{dstee.Decay{First: 0.01, Factor: 0.9, Every: 300}, map[int]float64{0: 0.01, 299: 0.01, 300: 0.009, 999: 0.01 * 0.9 * 0.9 * 0.9},
			"0.01 · 0.9 every 300 steps"},
		{dstee.Until{Share: 0.75, Schedule: dstee.Cosine{First: 0.3}}, map[int]float64{0: 0.3, 375: 0.15, 750: 0, 1000: 0},
			"cosine 0.3 → 0 from step 0 to step 750"},
		{dstee.Until{Share: 0.5, Schedule: dstee.Linear{First: 1, Last: 2, Begin: 100, End: 200}}, map[int]float64{150: 1.5, 500: 2},
			"linear 1 → 2 from step 100 to step 200"}, // Its end is its own.
	} {
		closed := test.schedule.Over(1000)
		for step, want := range test.at {
			require.InDelta(t, want, closed.At(step), 1e-12, "%s at %d", test.schedule, step)
		}
		require.Equal(t, test.printed, closed.String())
	}
	require.Equal(t, "cosine 0.3 → 0 from step 0 to the end of the run, which ends at 0.75 of its steps",
		dstee.Until{Share: 0.75, Schedule: dstee.Cosine{First: 0.3}}.String())
	require.Equal(t, "every 100 steps from step 0 to 0.75 of the run", dstee.MethodRigL().Updates.String())
	require.Equal(t, 0.5, dstee.Cosine{First: 0.5}.At(1e6), "an open schedule stays at its first value")
	until := dstee.Until{Share: 0.75, Schedule: dstee.Cosine{First: 0.3}}
	require.Equal(t, 0.3, until.Over(0).At(1e6), "and so does one over a run of unknown length")
}

func TestUpdateSteps(t *testing.T) {
	for _, test := range []struct {
		updates dstee.UpdateSteps
		want    []int
	}{
		{dstee.Every{DeltaT: 30}, []int{30, 60, 90}},
		{dstee.Every{DeltaT: 30, Begin: 31, End: 60}, []int{60}},
		{dstee.Every{DeltaT: 50, Begin: 50}, []int{50, 100}},
		{dstee.Every{DeltaT: 25, EndShare: 0.75}, []int{25, 50, 75}},
		{dstee.Every{DeltaT: 25, End: 50, EndShare: 0.75}, []int{25, 50}},
		{dstee.AtSteps{1, 7, 99}, []int{1, 7, 99}},
	} {
		updates := test.updates.Over(100)
		var at, next []int
		for step := 0; step <= 100; step++ {
			if updates.At(step) {
				at = append(at, step)
			}
		}
		for step := updates.Next(0); step > 0; step = updates.Next(step) {
			next = append(next, step)
		}
		require.Equal(t, test.want, at, updates.String())
		require.Equal(t, test.want, next, updates.String())
	}
	require.True(t, dstee.Every{DeltaT: 30, EndShare: 0.75}.Over(0).At(3000), "a run of unknown length has no end")
	require.False(t, dstee.Every{}.At(7))
	require.Zero(t, dstee.Every{}.Next(7))
}

// A schedule is asked, printed and plotted without a run.
func ExampleCosine() {
	fraction := dstee.Cosine{First: 0.5, Last: 0.005}.Over(400)
	fmt.Println(fraction)
	for step := 100; step <= 400; step += 100 {
		fmt.Printf("step %d: drop %.1f%%\n", step, 100*fraction.At(step))
	}
	// Output:
	// cosine 0.5 → 0.005 from step 0 to step 400
	// step 100: drop 42.8%
	// step 200: drop 25.2%
	// step 300: drop 7.7%
	// step 400: drop 0.5%
}

// A schedule can end before the run does.
func ExampleUntil() {
	fraction := dstee.Until{Share: 0.75, Schedule: dstee.Cosine{First: 0.3}}.Over(1000)
	fmt.Println(fraction.At(375), fraction.At(750), fraction.At(900))
	// Output:
	// 0.15 0 0
}

func ExampleERK() {
	shapes := [][]int{{784, 300}, {300, 100}, {100, 10}}
	counts, err := dstee.Allocate(dstee.ERK, shapes, 0.1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, density := range dstee.ERK(shapes, 0.1) {
		fmt.Printf("%v: density %.3f, %d active\n", shapes[i], density, counts[i])
	}
	// Output:
	// [784 300]: density 0.080, 18714 active
	// [300 100]: density 0.230, 6906 active
	// [100 10]: density 1.000, 1000 active
}

func TestSchedulesStayFinite(t *testing.T) {
	for _, s := range []dstee.Schedule{dstee.Cosine{First: 1, Last: 0, Begin: 5, End: 5}, dstee.Linear{End: 0}, dstee.Decay{First: 1, Factor: 0.5}} {
		for step := range 20 {
			require.False(t, math.IsNaN(s.At(step)), "%s at %d", s, step)
		}
	}
}
