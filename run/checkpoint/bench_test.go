package checkpoint_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// shapes are the weights of networks.
var shapes = map[string][][]int{
	"mlp":   {{64, 512}, {512, 256}, {256, 10}},
	"vgg19": vgg19(),
	"30M":   {{4000, 4000}, {4000, 3500}},
}

// vgg19 are the 20.0 million weights of VGG-19 with one dense layer, as for CIFAR.
func vgg19() (weights [][]int) {
	in := 3
	for _, out := range []int{64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512, 512, 512, 512} {
		weights = append(weights, []int{3, 3, in, out})
		in = out
	}
	return append(weights, []int{512, 10})
}

// sparseStore are the variables of a network at 95% sparsity trained with Adam, half of whose weights were active in some
// of 50 topologies.
func sparseStore(b *testing.B, weights [][]int) (variables []*model.Variable, size int) {
	b.Helper()
	store := model.NewStore()
	rng := rand.New(rand.NewPCG(1, 2))
	add := func(path string, value *tensors.Tensor) {
		v, err := store.CreateVariable(path, value)
		require.NoError(b, err)
		variables = append(variables, v)
	}
	for i, shape := range weights {
		n := 1
		for _, dim := range shape {
			n *= dim
		}
		size += n
		mask, visits := make([]bool, n), make([]int32, n)
		floats := [3][]float32{make([]float32, n), make([]float32, n), make([]float32, n)}
		for j := range n {
			mask[j] = rng.IntN(20) == 0
			if mask[j] {
				for _, values := range floats {
					values[j] = rng.Float32() + 0.001
				}
			}
			if mask[j] || rng.IntN(2) == 0 {
				visits[j] = 1 + rng.Int32N(50)
			}
		}
		path := fmt.Sprintf("/layer_%02d/weights", i)
		for j, suffix := range []string{"", "_1st_moment", "_2nd_moment"} {
			add(path+suffix, tensors.FromFlatDataAndDimensions(floats[j], shape...))
		}
		add("/dstee"+path+"/mask", tensors.FromFlatDataAndDimensions(mask, shape...))
		add("/dstee"+path+"/visits", tensors.FromFlatDataAndDimensions(visits, shape...))
	}
	return variables, size
}

// BenchmarkWrite is the time to save, on disk and synced, and the bytes that it takes.
func BenchmarkWrite(b *testing.B) {
	for name, weights := range shapes {
		b.Run(name, func(b *testing.B) {
			variables, size := sparseStore(b, weights)
			path := filepath.Join(b.TempDir(), "checkpoint.safetensors")
			for b.Loop() {
				require.NoError(b, checkpoint.Write(path, variables, nil))
			}
			info, err := os.Stat(path)
			require.NoError(b, err)
			b.ReportMetric(float64(info.Size())/1e6, "MB")
			b.ReportMetric(float64(info.Size())/float64(size), "bytes/weight")
		})
	}
}

// BenchmarkRead is the time to read and verify a checkpoint, and to make the store.
func BenchmarkRead(b *testing.B) {
	for name, weights := range shapes {
		b.Run(name, func(b *testing.B) {
			variables, _ := sparseStore(b, weights)
			path := filepath.Join(b.TempDir(), "checkpoint.safetensors")
			require.NoError(b, checkpoint.Write(path, variables, nil))
			for b.Loop() {
				c, err := checkpoint.Read(path)
				require.NoError(b, err)
				store := model.NewStore()
				require.NoError(b, c.Restore(store, nil))
				store.Finalize()
			}
		})
	}
}
