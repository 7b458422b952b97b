package run

import (
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Throughput measures the floating-point operations a second of a backend, by products of matrices of the given size,
// for about the given time. Training of convolutions is mostly slower.
func Throughput(backend compute.Backend, size int, about time.Duration) (float64, error) {
	exec, err := graph.NewExec(backend, func(x *graph.Node) *graph.Node { return graph.Dot(x, x).Product() })
	if err != nil {
		return 0, err
	}
	defer exec.Finalize()
	matrix := tensors.FromScalarAndDimensions(float32(0), size, size)
	defer matrix.MustFinalizeAll()
	multiply := func() error {
		results, err := exec.Call(matrix)
		if err != nil {
			return err
		}
		return results[0].FinalizeAll()
	}
	if err := multiply(); err != nil { // Compiles.
		return 0, err
	}
	began, products := time.Now(), 0
	for time.Since(began) < about {
		if err := multiply(); err != nil {
			return 0, err
		}
		products++
	}
	n := float64(size)
	return 2 * n * n * n * float64(products) / time.Since(began).Seconds(), nil
}
