package live

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/sparsekernel/sparsekernel/notebooks/show"
	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/views"
)

// interval is the least time between two pictures of a panel.
const interval = 400 * time.Millisecond

// Watch shows the panel of [Train] for a run, given by its folder, that another process trains or is about to. It returns
// at the last step of the run, when the cell is stopped, which does not stop the training, or after the longest time it
// may take.
//
// path names the weight of the layer that the panel shows, "" the first.
func Watch(dir string, longest time.Duration, path string) error {
	ctx, stop := run.UntilInterrupted(context.Background())
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	seen := false
	panel := show.NewPanel()
	err := watch(ctx, dir, path, func(f *views.Figure) {
		seen = true
		panel.Figure(f)
	})
	if err == nil && !seen {
		fmt.Printf("No process has begun to train a run in %s.\n", dir)
	}
	return err
}

// watch gives pictures of a run to draw, while there are new ones.
func watch(ctx context.Context, dir, path string, draw func(*views.Figure)) error {
	return views.Watch(ctx, dir, interval, func(r *views.Run) error {
		f, err := views.Live(r, path)
		if err != nil {
			return err
		}
		draw(f)
		return nil
	})
}

// drawOnce draws a run as it stands, if it has begun.
func drawOnce(dir, path string, draw func(*views.Figure)) error {
	r, err := views.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := views.Live(r, path)
	if err != nil {
		return err
	}
	draw(f)
	return nil
}
