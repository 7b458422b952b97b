package experiments_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/experiments"
	"github.com/sparsekernel/sparsekernel/run"
)

// The plans of the paper's networks have the weights, operations and densities that follow from the definitions of the
// networks and of ERK, computed independently of this code; those on ImageNet agree with RigL's published FLOPs.
func TestPlansHaveTheKnownNumbers(t *testing.T) {
	for _, test := range []struct {
		name          string
		weights, macs int
		sparsity      float64
		left          float64 // Share of the operations.
		dense         string  // Layers that ERK leaves dense.
	}{
		{"vgg19-cifar100", 20_070_080, 398_182_400, 0.90, 0.2180, "conv_1 output"},
		{"vgg19-cifar100", 20_070_080, 398_182_400, 0.95, 0.1084, "conv_1 output"},
		{"vgg19-cifar100", 20_070_080, 398_182_400, 0.98, 0.0458, "conv_1"},
		{"resnet50-cifar10", 23_467_712, 1_297_829_888, 0.90, 0.2306, "stem stage_1/block_1/conv_1 output"},
		{"resnet50-cifar10", 23_467_712, 1_297_829_888, 0.98, 0.0452, ""},
		{"resnet50-cifar100", 23_652_032, 1_298_014_208, 0.95, 0.1136, ""},
		{"resnet50-imagenet", 25_502_912, 4_089_184_256, 0.90, 0.2418, "stage_1/block_1/conv_1"},
		{"resnet50-imagenet", 25_502_912, 4_089_184_256, 0.80, 0.4138, "*"},
		{"link-ia-email", 2176, 2176, 0.95, 0.05, ""},
		{"link-wiki-talk", 2176, 2176, 0.98, 0.02, ""},
	} {
		t.Run(fmt.Sprint(test.name, test.sparsity), func(t *testing.T) {
			preset, err := experiments.ByName(test.name)
			require.NoError(t, err)
			spec := preset.Spec
			spec.Sparsity = test.sparsity
			plan, err := run.NewPlan(t.Context(), spec)
			require.NoError(t, err)
			require.Equal(t, test.weights, plan.Weights)
			require.Equal(t, test.macs, plan.MACs)
			require.InDelta(t, test.left, plan.SparseMACs/float64(plan.MACs), 6e-5)
			require.InDelta(t, 1-test.sparsity, plan.Active/float64(plan.Weights), 1e-9)
			var dense []string
			for _, layer := range plan.Layers {
				if layer.Density == 1 {
					parts := strings.Split(layer.Path, "/")
					dense = append(dense, strings.Join(parts[2:len(parts)-2], "/"))
				}
			}
			if test.dense != "*" {
				require.Equal(t, test.dense, strings.Join(dense, " "))
			}
		})
	}
}

// Every experiment can be trained as it is and at any scale, by all its methods.
func TestPresetsAreValid(t *testing.T) {
	require.Equal(t, []string{"vgg19-cifar100", "resnet50-cifar10", "resnet50-cifar100", "resnet50-imagenet", "link-ia-email",
		"link-wiki-talk"}, experiments.Names())
	for _, name := range experiments.Names() {
		preset, err := experiments.ByName(name)
		require.NoError(t, err)
		require.NotEmpty(t, preset.Source)
		for _, scale := range []float64{1, 0.1, 0.004} {
			scaled, err := preset.Scale(scale)
			require.NoError(t, err)
			require.InDelta(t, scale*float64(preset.Spec.Steps), scaled.Spec.Steps, 0.51)
			for _, method := range preset.Methods {
				for _, sparsity := range preset.Sparsities {
					scaled.Spec.Method, scaled.Spec.Sparsity = method, sparsity
					require.NoError(t, scaled.Spec.Validate(), "%s by %s, scaled by %g", name, method, scale)
				}
			}
		}
		for _, published := range preset.Published {
			require.NotEmpty(t, published.Source)
			require.True(t, published.Accuracy > 0.5 && published.Accuracy < 1)
		}
	}
}

func TestErrors(t *testing.T) {
	_, err := experiments.ByName("vgg")
	require.ErrorContains(t, err, `unknown experiment "vgg": did you mean "vgg19-cifar100"? The known ones are vgg19-cifar100, `)
	preset, err := experiments.ByName("vgg19-cifar100")
	require.NoError(t, err)
	for _, scale := range []float64{0, -1, 1.5} {
		_, err := preset.Scale(scale)
		require.ErrorContains(t, err, "scale must be above 0 and at most 1")
	}
}
