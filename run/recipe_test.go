package run

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSchedules(t *testing.T) {
	spec := Default()
	spec.Steps, spec.LearningRate = 100, 0.1
	for _, test := range []struct {
		schedule string
		warmUp   int
		at       map[int]float64
	}{
		{"", 0, map[int]float64{0: 0.1, 50: 0.05}},
		{"cosine", 0, map[int]float64{0: 0.1, 50: 0.05}},
		{"constant", 0, map[int]float64{0: 0.1, 99: 0.1}},
		{"steps@0.5,0.75", 0, map[int]float64{49: 0.1, 50: 0.01, 74: 0.01, 75: 0.001}},
		{"steps@0.3,0.6,0.9", 9, map[int]float64{0: 0.01, 4: 0.05, 9: 0.1, 29: 0.1, 30: 0.01, 90: 0.0001}},
	} {
		spec.Schedule, spec.WarmUp = test.schedule, test.warmUp
		require.NoError(t, spec.Validate())
		for step, want := range test.at {
			require.InDelta(t, want, spec.learningRate().At(step), 1e-12, "%q at %d", test.schedule, step)
		}
	}
}

// A spec without what is optional is written without it, so that cells of comparisons keep their names.
func TestOptionalFields(t *testing.T) {
	written, err := json.Marshal(Default())
	require.NoError(t, err)
	for _, field := range []string{"data_dir", "hold_out", "width", "mixed_precision", "schedule", "warm_up", "weight_decay",
		"label_smoothing", "c_schedule"} {
		require.NotContains(t, string(written), field)
	}
}
