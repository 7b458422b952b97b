package views

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// Watch shows a run while it trains, in this process or another: it waits for its trace, and calls show whenever something
// new was recorded, at most once per interval. It returns when the context is done, when the last planned step was shown
// ([Run.Planned]), or with the first error. A notebook's cell may run it beside the training:
//
//	go views.Watch(ctx, dir, 400*time.Millisecond, func(r *views.Run) error {
//		panel, err := views.Live(r, "")
//		if err == nil {
//			gonbui.UpdateHTML(id, panel.HTML())
//		}
//		return err
//	})
func Watch(ctx context.Context, dir string, every time.Duration, show func(r *Run) error) (err error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var r *Run
	defer func() {
		if r != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	for {
		news := false
		if r == nil {
			switch r, err = Open(dir); {
			case errors.Is(err, fs.ErrNotExist):
				r = nil
			case err != nil:
				return err
			default:
				news = true
			}
		} else if news, err = r.Refresh(); err != nil {
			return err
		}
		if news {
			if err := show(r); err != nil {
				return err
			}
		}
		if r != nil && r.done() {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Planned is the number of optimizer steps that the run is to take, 0 if its creator did not say: "steps" of its meta.
func (r *Run) Planned() int {
	var meta struct {
		Steps int `json:"steps"`
	}
	if r.Meta(&meta) != nil {
		return 0
	}
	return meta.Steps
}

// done tells whether the last planned step is logged.
func (r *Run) done() bool {
	return r.Planned() > 0 && len(r.Steps) > 0 && last(r.Steps).Step >= r.Planned()
}
