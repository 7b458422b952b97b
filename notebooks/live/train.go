package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/sparsekernel/sparsekernel/notebooks/show"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/views"
)

// Train trains a run the given number of steps more, or to its end if steps is 0, beside a panel that shows how it stands,
// and says at the end how far it is. The stop button ends it early: it saves, which is no error, and the cell that trains
// the run next goes on there.
//
// path names the weight of the layer that the panel shows, "" the first.
func Train(r *run.Run, steps int, path string) error {
	ctx, stop := run.UntilInterrupted(context.Background())
	defer stop()
	said, err := train(ctx, r, steps, path, show.NewPanel().Figure)
	if err != nil {
		return err
	}
	fmt.Println(said)
	return nil
}

// train is Train that can be stopped by ctx. It gives the panel's pictures to draw, and returns what there is to say.
func train(ctx context.Context, r *run.Run, steps int, path string, draw func(*views.Figure)) (said string, err error) {
	state, err := r.State()
	if err != nil {
		return "", err
	}
	if state.Status == run.StatusFinished && state.Accuracy != nil {
		if err := drawOnce(r.Dir(), path, draw); err != nil {
			return "", err
		}
		return standing(r, false)
	}
	r.Observe(run.Observer{Note: func(text string) { fmt.Fprintln(os.Stderr, text) }})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watching, done := context.WithCancel(context.Background())
	defer done()
	var watcher sync.WaitGroup
	var watchErr error
	watcher.Go(func() {
		if watchErr = watch(watching, r.Dir(), path, draw); watchErr != nil {
			cancel() // Rather than to train for long and say it then.
		}
	})

	_, err = r.Train(ctx, steps)
	done()
	watcher.Wait()
	stopped := err != nil && errors.Is(err, ctx.Err())
	if err != nil && !stopped {
		return "", err
	}
	if watchErr == nil {
		watchErr = drawOnce(r.Dir(), path, draw) // The end may be newer than what was watched.
	}
	if watchErr != nil {
		return "", fmt.Errorf("the run is saved in %s, but cannot be shown: %w", r.Dir(), watchErr)
	}
	return standing(r, stopped)
}

// standing says how far a run is.
func standing(r *run.Run, stopped bool) (string, error) {
	state, err := r.State()
	if err != nil {
		return "", err
	}
	where := fmt.Sprintf("step %d of %d, saved in %s", state.Step, r.Spec().Steps, r.Dir())
	switch {
	case stopped:
		return "Stopped at " + where + ". The next cell that trains it goes on there.", nil
	case state.Accuracy == nil:
		return "At " + where + ".", nil
	default:
		return fmt.Sprintf("At %s: %.1f%% of the test images right.", where, 100**state.Accuracy), nil
	}
}
