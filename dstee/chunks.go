package dstee

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// chunkSize is how many weights one core works on at a time: few enough to share the work evenly, and a multiple of the
// bits in a word of a bitset, so that no two cores write to one word.
const chunkSize = 1 << 14

// chunk is a range of the weights of one of several layers.
type chunk struct{ layer, begin, end int }

// chunksOf cuts layers of the given sizes into chunks, in the order of the layers.
func chunksOf(sizes ...int) []chunk {
	var chunks []chunk
	for layer, size := range sizes {
		for begin := 0; begin < size; begin += chunkSize {
			chunks = append(chunks, chunk{layer, begin, min(begin+chunkSize, size)})
		}
	}
	return chunks
}

// inParallel calls fn(worker, i) for each i below n, from as many goroutines as there are cores; those of one worker never
// overlap.
func inParallel(n int, fn func(worker, i int)) {
	workers := numWorkers(n)
	if workers == 1 {
		for i := range n {
			fn(0, i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				fn(worker, i)
			}
		})
	}
	group.Wait()
}

// inParallelChunks calls fn for each chunk of n weights.
func inParallelChunks(n int, fn func(begin, end int)) {
	chunks := chunksOf(n)
	inParallel(len(chunks), func(_, i int) { fn(chunks[i].begin, chunks[i].end) })
}

// numWorkers is how many goroutines inParallel uses for n pieces of work.
func numWorkers(n int) int { return max(1, min(n, runtime.GOMAXPROCS(0))) }
