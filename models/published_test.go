package models_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/models"
)

// The networks have the sizes of the papers' and, shared out by ERK, the densities that follow from them. The numbers were
// computed independently of this code from the networks' definitions; those of ResNet-50 on ImageNet agree with RigL's
// published FLOPs (0.42 and 0.24 of dense at 80% and 90% sparsity) and with torchvision's 25,557,032 parameters.
func TestPublishedSizes(t *testing.T) {
	type erk struct {
		density, scale float64  // scale is the density of a layer over (sum of dimensions)/(their product).
		dense          []string // Layers that ERK leaves dense.
		macs           float64  // Share of the multiplications that is left.
	}
	for _, test := range []struct {
		name             string
		model            *models.Classifier
		size             int
		parameters       int // 0 if not published.
		maskable, macs   int
		sharedOut        []erk
		perLayer         map[string]float64 // At the first density.
		perLayerInterval float64
	}{
		{"VGG-19, 10 classes", models.VGG19(), 32, 20_035_018, 20_024_000, 398_136_320, []erk{
			{0.1, 189.655199, []string{"conv_1", "output"}, 0.2225},
			{0.05, 94.502186, []string{"conv_1", "output"}, 0.1131},
			{0.02, 37.410378, []string{"conv_1", "output"}, 0.0475},
		}, nil, 0},
		{"VGG-19, 100 classes", models.VGG19().Classes(100), 32, 0, 20_070_080, 398_182_400, []erk{
			{0.1, 185.713743, []string{"conv_1", "output"}, 0.2180},
			{0.05, 90.341760, []string{"conv_1", "output"}, 0.1084},
			{0.02, 35.896677, []string{"conv_1"}, 0.0458},
		}, map[string]float64{"conv_1": 1, "conv_2": .675066, "conv_3": .498743, "conv_4": .329976, "conv_5": .245593, "conv_6": .163099,
			"conv_8": .163099, "conv_9": .121852, "conv_10": .081077, "conv_16": .081077, "output": 1}, 1e-6},
		{"ResNet-50, 10 classes", models.ResNet50(), 32, 0, 23_467_712, 1_297_829_888, []erk{
			{0.1, 47.296629, []string{"stem", "stage_1/block_1/conv_1", "output"}, 0.2306},
			{0.05, 23.402123, []string{"output"}, 0.1156},
			{0.02, 9.145105, nil, 0.0452},
		}, nil, 0},
		{"ResNet-50, 100 classes", models.ResNet50().Classes(100), 32, 0, 23_652_032, 1_298_014_208, []erk{
			{0.1, 46.072626, []string{"stem", "stage_1/block_1/conv_1"}, 0.2247},
			{0.05, 23.001996, nil, 0.1136},
			{0.02, 9.200798, nil, 0.0454},
		}, nil, 0},
		{"ResNet-50 for ImageNet", models.ResNet50ImageNet(), 224, 25_557_032, 25_502_912, 4_089_184_256, []erk{
			{0.1, 48.786097, []string{"stage_1/block_1/conv_1"}, 0.2418},
			{0.05, 24.371583, nil, 0.1217},
		}, nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			counts, err := models.Count(backendtest.Get(t, "go"), model.NewStore(), test.model.Done(), f32(1, test.size, test.size, 3))
			require.NoError(t, err)
			maskable := 0
			var shapes [][]int
			for _, w := range counts.Weights {
				maskable += w.Shape.Size()
				shapes = append(shapes, w.Shape.Dimensions)
			}
			require.Equal(t, test.maskable, maskable)
			require.Equal(t, test.macs, counts.MACs())
			if test.parameters > 0 {
				require.Equal(t, test.parameters, counts.Parameters)
			}
			for i, want := range test.sharedOut {
				densities := dstee.ERK(shapes, want.density)
				kept := 0.0
				var dense []string
				for k, w := range counts.Weights {
					kept += densities[k] * float64(w.MACs)
					if densities[k] == 1 {
						dense = append(dense, layerName(w.Path))
						continue
					}
					sum := 0
					for _, dim := range w.Shape.Dimensions {
						sum += dim
					}
					require.InDelta(t, want.scale, densities[k]*float64(w.Shape.Size())/float64(sum), 1e-6, w.Path)
				}
				slices.Sort(dense)
				slices.Sort(want.dense)
				require.Equal(t, want.dense, dense, "density %g", want.density)
				require.InDelta(t, want.macs, kept/float64(counts.MACs()), 6e-5, "density %g", want.density)
				if i > 0 {
					continue
				}
				for k, w := range counts.Weights {
					if want, found := test.perLayer[layerName(w.Path)]; found {
						require.InDelta(t, want, densities[k], test.perLayerInterval, w.Path)
					}
				}
			}
		})
	}
}

// layerName is the path of a weight without the network's name and "/conv/weights" or "/dense/weights".
func layerName(path string) string {
	parts := strings.Split(path, "/")
	return strings.Join(parts[2:len(parts)-2], "/")
}

// The sizes of the other networks: as published for WRN-22-2 (1.1M) and ViT-Ti (5.5M without class token at 224x224; here
// patches are smaller).
func TestOtherSizes(t *testing.T) {
	for _, test := range []struct {
		name   string
		model  *models.Classifier
		lowest int
		most   int
	}{
		{"VGG-11", models.VGG11(), 9_228_000, 9_229_000},
		{"ResNet-18", models.ResNet18(), 11_150_000, 11_190_000},
		{"WRN-22-2", models.WRN22x2(), 1_070_000, 1_100_000},
		{"ViT-Ti", models.ViTTiny(), 5_300_000, 5_400_000},
	} {
		counts, err := models.Count(backendtest.Get(t, "go"), model.NewStore(), test.model.Done(), f32(1, 32, 32, 3))
		require.NoError(t, err, test.name)
		require.Greater(t, counts.Parameters, test.lowest, test.name)
		require.Less(t, counts.Parameters, test.most, test.name)
	}
}
