package run

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/datasets"
)

func TestCatalog(t *testing.T) {
	require.Equal(t, datasets.Names(), DataNames())
	for _, name := range DataNames() {
		fitting := 0
		for _, model := range ModelNames() {
			if fit(model, name) == nil {
				fitting++
			}
		}
		require.GreaterOrEqual(t, fitting, 2, name)
	}
	digits, err := datasets.Open("digits", "")
	require.NoError(t, err)
	require.Equal(t, data["digits"].shape, digits.Train.About().Shape)
	require.Equal(t, data["digits"].classes, digits.Train.About().Classes)
}

// Every model can be built for the data that it is meant for, at a small width.
func TestModelsOfTheCatalog(t *testing.T) {
	for _, name := range ModelNames() {
		spec := Default()
		spec.Model = name
		switch a := architectures[name]; {
		case a.ofNodes:
			continue // It needs a graph: TestLinksByMessages.
		case a.images == nil:
			spec.Data = "ia-email"
		default:
			spec.Data = "cifar10"
		}
		spec.Width = 0.25
		plan, err := NewPlan(t.Context(), spec)
		require.NoError(t, err, name)
		require.InDelta(t, 0.05, plan.Active/float64(plan.Weights), 1e-9, name)
		require.Equal(t, 20, plan.Training.Updates)
		require.Less(t, plan.Training.FLOPsRatio, 0.5, name)
	}
}

func TestMisfits(t *testing.T) {
	for _, test := range []struct {
		change func(*Spec)
		want   string
	}{
		{func(s *Spec) { s.Data = "ia-email" }, "the model mlp cannot be trained on ia-email: it classifies images, the data are links " +
			"of a graph; models that can are graph-sage, link-mlp"},
		{func(s *Spec) { s.Model = "link-mlp" }, "link-mlp cannot be trained on digits: it predicts the links of a graph, the data are images"},
		{func(s *Spec) { s.Model = "vgg19" }, "images of 8x8 are too small"},
		{func(s *Spec) { s.Model, s.Width = "vit-tiny", -1 }, "width must be above 0, or 0 for 1, got -1"},
		{func(s *Spec) { s.Model, s.Data, s.MixedPrecision = "link-mlp", "ia-email", true }, "has no mixed precision"},
		{func(s *Spec) { s.DataDir = "data" }, `must be an absolute path, which other processes find as well, got "data"`},
		{func(s *Spec) { s.HoldOut = 1 }, "hold-out must be 0, for none, or at least 2, for one example in so many, got 1"},
		{func(s *Spec) { s.WeightDecay = 0.1 }, "adam takes no weight decay: those that do are adamw, momentum, nesterov, sgd"},
		{func(s *Spec) { s.Schedule = "linear" }, `unknown schedule "linear": the known ones are cosine, constant and steps@`},
		{func(s *Spec) { s.Schedule = "steps@0.5,two" }, `"two" in the schedule "steps@0.5,two": want shares of the run`},
		{func(s *Spec) { s.Schedule = "steps@0.75,0.5" }, "they must be above 0 and increasing"},
		{func(s *Spec) { s.LabelSmoothing = 1 }, "label-smoothing must be in [0, 1), got 1"},
		{func(s *Spec) { s.Model, s.Data, s.LabelSmoothing = "link-mlp", "ia-email", 0.1 }, "labels of ia-email are not smoothed"},
	} {
		spec := Default()
		test.change(&spec)
		require.ErrorContains(t, spec.Validate(), test.want)
	}
}

// A folder without the data is named.
func TestNoData(t *testing.T) {
	spec := Default()
	spec.Model, spec.Data, spec.DataDir = "lenet5", "cifar10", filepath.Join(t.TempDir(), "empty")
	_, err := spec.openData(t.Context())
	require.ErrorContains(t, err, spec.DataDir)
	require.ErrorContains(t, err, "data_batch_1.bin")
}
