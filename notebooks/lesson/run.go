package lesson

import (
	"context"
	"fmt"

	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/views"
)

// Run trains the run in a folder to its end, unless it is there, and returns its record for figures, named name. Stopped by
// the stop button, it goes on the next time.
func Run(dir, name string, spec run.Spec) (*views.Run, *run.Summary, error) {
	ctx, stop := run.UntilInterrupted(context.Background())
	defer stop()
	r, err := run.Open(dir, spec)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	summary, err := finished(ctx, r)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	record, err := views.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	record.Name = name
	return record, summary, nil
}

// finished is the summary of a run at its end.
func finished(ctx context.Context, r *run.Run) (*run.Summary, error) {
	state, err := r.State()
	if err != nil {
		return nil, err
	}
	if state.Status == run.StatusFinished {
		if summary, err := r.Summary(); summary != nil || err != nil {
			return summary, err
		}
	}
	return r.Train(ctx, 0)
}
