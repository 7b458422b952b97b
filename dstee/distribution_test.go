package dstee_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// conv is a convolution layer of a network: its kernel, and how many output positions it has.
type conv struct {
	shape     []int
	positions int
}

// vgg19 is VGG-19 for 32x32 images: 16 convolutions of 3x3, pooled 4 times, and a classifier.
func vgg19(classes int) (layers []conv) {
	in, side := 3, 32
	for _, block := range [][]int{{64, 64}, {128, 128}, {256, 256, 256, 256}, {512, 512, 512, 512}, {512, 512, 512, 512}} {
		for _, out := range block {
			layers = append(layers, conv{[]int{3, 3, in, out}, side * side})
			in = out
		}
		side /= 2
	}
	return append(layers, conv{[]int{in, classes}, 1})
}

// resnet50 is ResNet-50: for 32x32 images with a stem of 3x3, else for 224x224 images with a stem of 7x7 and a pool.
func resnet50(classes int, cifar bool) (layers []conv) {
	side := 56
	if cifar {
		side = 32
		layers = append(layers, conv{[]int{3, 3, 3, 64}, side * side})
	} else {
		layers = append(layers, conv{[]int{7, 7, 3, 64}, 112 * 112})
	}
	in := 64
	for stage, blocks := range []int{3, 4, 6, 3} {
		planes := 64 << stage
		for block := range blocks {
			before := side
			if block == 0 && stage > 0 {
				side /= 2 // The stride is in the 3x3 convolution.
			}
			layers = append(layers,
				conv{[]int{1, 1, in, planes}, before * before},
				conv{[]int{3, 3, planes, planes}, side * side},
				conv{[]int{1, 1, planes, 4 * planes}, side * side})
			if block == 0 {
				layers = append(layers, conv{[]int{1, 1, in, 4 * planes}, side * side})
			}
			in = 4 * planes
		}
	}
	return append(layers, conv{[]int{in, classes}, 1})
}

// The scale of ERK, the layers it makes dense, and the multiply-accumulates it leaves, for the networks of the paper.
// The numbers were derived from the rule independently; the ImageNet fractions are RigL's published 0.42 and 0.24.
func TestERKOnThePapersNetworks(t *testing.T) {
	for _, test := range []struct {
		net           string
		layers        []conv
		weights, macs int
		density       float64
		scale         float64
		dense         int
		fraction      float64
	}{
		{"VGG-19 CIFAR-10", vgg19(10), 20_024_000, 398_136_320, 0.1, 189.655199, 2, 0.2225},
		{"VGG-19 CIFAR-10", vgg19(10), 20_024_000, 398_136_320, 0.05, 94.502186, 2, 0.1131},
		{"VGG-19 CIFAR-10", vgg19(10), 20_024_000, 398_136_320, 0.02, 37.410378, 2, 0.0475},
		{"VGG-19 CIFAR-100", vgg19(100), 20_070_080, 398_182_400, 0.1, 185.713743, 2, 0.2180},
		{"VGG-19 CIFAR-100", vgg19(100), 20_070_080, 398_182_400, 0.05, 90.341760, 2, 0.1084},
		{"VGG-19 CIFAR-100", vgg19(100), 20_070_080, 398_182_400, 0.02, 35.896677, 1, 0.0458},
		{"ResNet-50 CIFAR-10", resnet50(10, true), 23_467_712, 1_297_829_888, 0.1, 47.296629, 3, 0.2306},
		{"ResNet-50 CIFAR-10", resnet50(10, true), 23_467_712, 1_297_829_888, 0.05, 23.402123, 1, 0.1156},
		{"ResNet-50 CIFAR-10", resnet50(10, true), 23_467_712, 1_297_829_888, 0.02, 9.145105, 0, 0.0452},
		{"ResNet-50 CIFAR-100", resnet50(100, true), 23_652_032, 1_298_014_208, 0.1, 46.072626, 2, 0.2247},
		{"ResNet-50 CIFAR-100", resnet50(100, true), 23_652_032, 1_298_014_208, 0.05, 23.001996, 0, 0.1136},
		{"ResNet-50 CIFAR-100", resnet50(100, true), 23_652_032, 1_298_014_208, 0.02, 9.200798, 0, 0.0454},
		{"ResNet-50 ImageNet", resnet50(1000, false), 25_502_912, 4_089_184_256, 0.2, 99.561173, 8, 0.4138},
		{"ResNet-50 ImageNet", resnet50(1000, false), 25_502_912, 4_089_184_256, 0.1, 48.786097, 1, 0.2418},
		{"ResNet-50 ImageNet", resnet50(1000, false), 25_502_912, 4_089_184_256, 0.05, 24.371583, 0, 0.1217},
	} {
		var shapes [][]int
		weights, macs := 0, 0
		for _, l := range test.layers {
			shapes = append(shapes, l.shape)
			weights += product(l.shape)
			macs += product(l.shape) * l.positions
		}
		require.Equal(t, test.weights, weights, test.net)
		require.Equal(t, test.macs, macs, test.net)
		dense, sparseMACs := 0, 0.0
		for i, d := range dstee.ERK(shapes, test.density) {
			sparseMACs += d * float64(product(shapes[i])*test.layers[i].positions)
			if d == 1 {
				dense++
				continue
			}
			sum := 0
			for _, dim := range shapes[i] {
				sum += dim
			}
			require.InDelta(t, test.scale, d*float64(product(shapes[i]))/float64(sum), 1e-6, "%s at %g", test.net, test.density)
		}
		require.Equal(t, test.dense, dense, "%s at %g", test.net, test.density)
		require.InDelta(t, test.fraction, sparseMACs/float64(macs), 5e-5, "%s at %g", test.net, test.density)

		counts, err := dstee.Allocate(dstee.ERK, shapes, test.density)
		require.NoError(t, err)
		requireExact(t, counts, dstee.ERK(shapes, test.density), shapes, test.density)
	}
}

// requireExact checks that the counts add up to the density and are within one of each layer's share.
func requireExact(t *testing.T, counts []int, densities []float64, shapes [][]int, density float64) {
	t.Helper()
	total, active := 0, 0
	for i, shape := range shapes {
		n := product(shape)
		total += n
		active += counts[i]
		require.GreaterOrEqual(t, counts[i], 1)
		require.LessOrEqual(t, counts[i], n)
		if share := densities[i] * float64(n); share >= 1 {
			require.InDelta(t, share, counts[i], 1, "layer %d", i)
		}
	}
	require.Equal(t, int(math.Round(density*float64(total))), active)
}

func product(shape []int) int {
	n := 1
	for _, dim := range shape {
		n *= dim
	}
	return n
}

func FuzzAllocate(f *testing.F) {
	f.Add(uint16(784), uint16(300), uint16(10), uint8(2), 0.05, uint8(0))
	f.Add(uint16(3), uint16(3), uint16(1), uint8(5), 0.9, uint8(1))
	f.Fuzz(func(t *testing.T, a, b, c uint16, depth uint8, density float64, which uint8) {
		if !(density > 0 && density <= 1) {
			t.Skip()
		}
		dim := func(x uint16) int { return int(x%500) + 1 }
		shapes := [][]int{{dim(a), dim(b)}}
		for i := range int(depth % 6) {
			shapes = append(shapes, []int{3, 3, dim(b) + i, dim(c)})
		}
		distribution := []dstee.Distribution{dstee.Uniform, dstee.ER, dstee.ERK}[which%3]
		counts, err := dstee.Allocate(distribution, shapes, density)
		if err != nil {
			require.ErrorContains(t, err, "active weights")
			return
		}
		total, active := 0, 0
		for i, n := range counts {
			require.GreaterOrEqual(t, n, 1)
			require.LessOrEqual(t, n, product(shapes[i]))
			total += product(shapes[i])
			active += n
		}
		require.Equal(t, int(math.Round(density*float64(total))), active)
	})
}

func TestAllocateRejects(t *testing.T) {
	shapes := [][]int{{10, 10}, {20, 20}}
	for _, test := range []struct {
		distribution dstee.Distribution
		density      float64
		want         string
	}{
		{dstee.ERK, 0, "density must be in (0, 1], got 0"},
		{dstee.ERK, 1.5, "density must be in (0, 1], got 1.5"},
		{dstee.ERK, math.NaN(), "density must be in (0, 1], got NaN"},
		{dstee.ERK, 0.002, "leaves 1 active weights (of 500) for 2 layers: the lowest density that leaves one for each is 0.004"},
		{func([][]int, float64) []float64 { return []float64{1} }, 0.5, "returned 1 densities for 2 layers"},
		{func([][]int, float64) []float64 { return []float64{2, 0.1} }, 0.5, "density 2 for the layer of shape [10 10]"},
		{func([][]int, float64) []float64 { return []float64{0.1, 0.1} }, 0.5, "leave 50.0 active weights, but density 0.5 of 500 weights is 250"},
	} {
		_, err := dstee.Allocate(test.distribution, shapes, test.density)
		require.ErrorContains(t, err, test.want)
	}
	for _, shape := range [][]int{{}, {7}, {0, 3}, {3, -1}} {
		_, err := dstee.Allocate(dstee.ER, [][]int{{10, 10}, shape}, 0.5)
		require.ErrorContains(t, err, "rank 2 or more")
	}
	_, err := dstee.Allocate(nil, shapes, 0.5)
	require.ErrorContains(t, err, "the distribution is nil")
	counts, err := dstee.Allocate(dstee.ERK, shapes, 1)
	require.NoError(t, err)
	require.Equal(t, []int{100, 400}, counts)
}
