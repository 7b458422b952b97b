package run

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long after a signal to stop another one is taken for the same: shells and tools may send one twice, to
// the process and to its group.
const grace = 2 * time.Second

// UntilInterrupted returns a context that ends with the first SIGINT or SIGTERM, such as Ctrl-C or the Stop button of a
// notebook, for [Run.Train] to stop and save. One that comes two seconds later ends the process, as it would have; that
// loses nothing that was saved. Call stop when there is nothing more to interrupt.
func UntilInterrupted(parent context.Context) (ctx context.Context, stop func()) {
	ctx, stop = signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.AfterFunc(grace, stop)
		// A notebook that shuts down closes its end of the standard output; printing to it must not end the process
		// before it has saved.
		signal.Ignore(syscall.SIGPIPE)
	})
	return ctx, stop
}
