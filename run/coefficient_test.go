package run

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/dstee"
)

func TestCoefficient(t *testing.T) {
	spec := Default()
	spec.Steps, spec.C = 4000, 0.01
	for _, test := range []struct {
		schedule string
		at       map[int]float64
	}{
		{"", map[int]float64{1: 0.01, 4000: 0.01}},
		{"constant", map[int]float64{1: 0.01, 4000: 0.01}},
		{"cosine", map[int]float64{2000: 0.005, 4000: 0}},
		{"decay@0.9,1000", map[int]float64{999: 0.01, 1000: 0.009, 3500: 0.00729}},
	} {
		spec.CSchedule = test.schedule
		require.NoError(t, spec.Validate())
		for step, want := range test.at {
			require.InDelta(t, want, spec.growthParams(step)["c"], 1e-12, "%q at %d", test.schedule, step)
		}
	}
	method, err := dstee.MethodByName("rigl")
	require.NoError(t, err)
	require.Empty(t, spec.Growth(method).Params, "a method without c has no schedule of it")

	for _, schedule := range []string{"steps@0.5", "decay", "decay@0.9", "decay@2,1000", "decay@0.9,0", "decay@0.9,1000,5", "decay@x,y"} {
		spec.CSchedule = schedule
		require.ErrorContains(t, spec.Validate(), "such as decay@0.9,1000", schedule)
	}
}
