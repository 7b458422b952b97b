// Command worker trains with sparsekernel as the harness in benchmarks tells it on its standard input. The harness builds
// and starts it; its one argument is the backend, see backends.Open.
package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/sparsekernel/sparsekernel/backends"
	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: worker BACKEND")
		os.Exit(2)
	}
	// Libraries may print to standard output, which is for replies alone.
	replies := os.Stdout
	os.Stdout = os.Stderr
	if err := work.Serve(os.Stdin, replies, &worker{backendName: os.Args[1]}); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// worker does what the harness asks for, with the training that the first request describes.
type worker struct {
	backendName string
	training    *training
	loading     *loading
}

// Do implements work.Worker. GoMLX panics where a graph cannot be built.
func (w *worker) Do(request work.Request) (reply work.Reply, err error) {
	if panicked := exceptions.TryCatch[error](func() { reply, err = w.do(request) }); panicked != nil {
		return work.Reply{}, panicked
	}
	return reply, err
}

func (w *worker) do(request work.Request) (work.Reply, error) {
	if (w.training == nil) != (request.Do == work.Prepare) {
		return work.Reply{}, fmt.Errorf("%q: the first request, and no other, must be %q", request.Do, work.Prepare)
	}
	switch request.Do {
	case work.Prepare:
		return w.prepare(request)
	case work.Describe:
		return w.training.describe()
	case work.Steps:
		return w.training.steps(request.Count)
	case work.Update:
		return w.training.update()
	case work.Fetch:
		return w.fetch(request.Count)
	default:
		return work.Reply{}, fmt.Errorf("there is no request %q", request.Do)
	}
}

func (w *worker) prepare(request work.Request) (reply work.Reply, err error) {
	runtime.GOMAXPROCS(request.Threads)
	backend, err := backends.Open(w.backendName)
	if err != nil {
		return reply, err
	}
	batches, err := work.ReadBatches(request.Batches, *request.Work)
	if err != nil {
		return reply, err
	}
	if w.training, err = newTraining(backend, *request.Work, batches, request.Density); err != nil {
		return reply, err
	}
	return work.Reply{Peer: fmt.Sprintf("sparsekernel on %s, GOMAXPROCS=%d", backend.Description(), request.Threads)}, nil
}

// fetch makes the data set when it is first asked for, since it takes memory.
func (w *worker) fetch(count int) (reply work.Reply, err error) {
	if w.loading == nil {
		if w.loading, err = newLoading(w.training.work); err != nil {
			return reply, err
		}
	}
	return w.loading.fetch(count)
}
