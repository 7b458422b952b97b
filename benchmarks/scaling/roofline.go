package main

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/gomlx/compute"

	"github.com/sparsekernel/sparsekernel/run"
)

// roofline is what the machine can do at most: it bounds how fast a computation of given operations and bytes can be
// (Williams, Waterman and Patterson, "Roofline", Communications of the ACM 52(4), 2009).
type roofline struct {
	flops  float64 // Floating-point operations a second, of a product of large square matrices by the backend.
	bytes  float64 // Bytes read and written a second, of a copy of memory by all cores.
	matmul int     // The side of the matrices.
}

// seconds is the least time for so many operations and bytes, if both go on at once.
func (r roofline) seconds(flops, bytes float64) float64 {
	return math.Max(flops/r.flops, bytes/r.bytes)
}

func (r roofline) String() string {
	return fmt.Sprintf("a product of matrices of %d×%d runs at %.0f GFLOP/s, a copy of memory by %d cores at %.1f GB/s, read and written",
		r.matmul, r.matmul, r.flops/1e9, runtime.GOMAXPROCS(0), r.bytes/1e9)
}

// measureRoofline measures for about two seconds.
func measureRoofline(backend compute.Backend, matmul int) (roofline, error) {
	flops, err := run.Throughput(backend, matmul, time.Second)
	return roofline{flops: flops, bytes: copyBytes(), matmul: matmul}, err
}

// copyBytes is how many bytes a second a copy reads and writes: the best of some copies of 256 MB, divided among all cores.
func copyBytes() float64 {
	const numbers = 1 << 26
	cores := runtime.GOMAXPROCS(0)
	from, to := make([]float32, numbers), make([]float32, numbers)
	for i := range from { // Else its pages are all the same.
		from[i], to[i] = float32(i), 1
	}
	best := math.Inf(1)
	for range 8 {
		began := time.Now()
		var workers sync.WaitGroup
		for core := range cores {
			low, high := core*numbers/cores, (core+1)*numbers/cores
			workers.Go(func() { copy(to[low:high], from[low:high]) })
		}
		workers.Wait()
		best = min(best, time.Since(began).Seconds())
	}
	return 2 * 4 * numbers / best
}
