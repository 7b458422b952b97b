package datasets_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

// DataEnv names the environment variable with the folder of real data that is too large for the repository; by default it
// is ../shared/data beside the repository. What is read there is tested with small files, too.
const DataEnv = "SPARSEKERNEL_TEST_DATA"

// realData returns the folder of real data if it has the file.
func realData(t *testing.T, file string) string {
	dir := os.Getenv(DataEnv)
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
		t.Skipf("NOT TESTED on real data: no %s in %s; set $%s to its folder", file, dir, DataEnv)
	}
	return dir
}

func TestRealCIFAR100(t *testing.T) {
	dir := realData(t, "cifar-100-binary/train.bin")
	coarse, err := datasets.Open("cifar100-coarse", dir)
	require.NoError(t, err)
	fine, err := datasets.Open("cifar100", dir)
	require.NoError(t, err)
	part, err := datasets.Open("cifar100-20", dir)
	require.NoError(t, err)
	train := fine.Train.(*datasets.Split)
	require.NoError(t, train.Validate())
	counts, superclass := make([]int, 100), make([]int32, 100)
	for i, label := range train.Labels {
		counts[label]++
		superclass[label] = coarse.Train.About().Labels[i]
	}
	for class, count := range counts {
		require.Equal(t, 500, count, "class %d", class)
	}

	// The part has the lowest-numbered class of each superclass.
	lowest := make([]string, 20)
	for class := 99; class >= 0; class-- {
		lowest[superclass[class]] = train.ClassNames[class]
	}
	require.Equal(t, lowest, part.Train.About().ClassNames)
	require.Equal(t, 10_000, part.Train.About().Len())
	require.Equal(t, 2_000, part.Test.About().Len())

	// Normalized inputs have mean 0 and deviation 1 in each channel.
	var sum, squares [3]float64
	const images = 5000
	for i := range images {
		for k, x := range train.Image(i * 10) {
			sum[k%3] += float64(x)
			squares[k%3] += float64(x) * float64(x)
		}
	}
	for c := range 3 {
		require.InDelta(t, 0, sum[c]/(images*1024), 0.02)
		require.InDelta(t, 1, squares[c]/(images*1024), 0.02)
	}
	divided, err := fine.HoldOut(10, 0)
	require.NoError(t, err)
	require.Equal(t, 5000, divided.Valid.About().Len())
	batches, err := datasets.NewBatches(divided.Train, 128, 0)
	require.NoError(t, err)
	batch, err := batches.At(400)
	require.NoError(t, err)
	require.Equal(t, "(Float32)[128, 32, 32, 3]", batch.Inputs[0].Shape().String())
}

func TestRealEmail(t *testing.T) {
	set, err := datasets.Open("ia-email", realData(t, "ia-email-EU.mtx"))
	require.NoError(t, err)
	require.Equal(t, 32_430, set.Graph.Nodes())
	require.Equal(t, 32_638, set.Graph.NumEdges())
	require.Equal(t, 27_198, set.Train.About().Len())
	require.Equal(t, 5_440, set.Valid.About().Len())
	require.Equal(t, 10_880, set.Test.About().Len())

	// Training and test pairs look alike, up to chance: the mean of each feature, apart for edges and others, is the same.
	means := func(examples datasets.Examples, label int32) (mean [16]float64) {
		x, err := examples.Inputs([]int{0}, nil)
		require.NoError(t, err)
		require.Len(t, tensors.MustCopyFlatData[float32](x), 16)
		links, n := examples.(*datasets.Links), 0
		for i, l := range links.Labels {
			if l == label {
				n++
				for c := range 16 {
					mean[c] += float64(links.Features[i*16+c])
				}
			}
		}
		for c := range mean {
			mean[c] /= float64(n)
		}
		return mean
	}
	for label := range int32(2) {
		train, test := means(set.Train, label), means(set.Test, label)
		require.InDeltaSlice(t, train[:], test[:], 0.08)
	}
}
