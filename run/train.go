// Package run trains: from a [Spec] to a [Summary].
//
// [Train] does it in memory. A [Run] does it in a folder, over as many processes as it takes: it survives being stopped
// or killed, and then equals a run that was not, bit for bit.
package run

import (
	"context"
	"fmt"
	"time"

	"github.com/gomlx/compute"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// Observer is told how a run goes. Its functions may be nil.
type Observer struct {
	Step   func(step int, loss float64)   // After each optimizer step, counted from 1; loss is its moving average.
	Update func(update *dstee.MaskUpdate) // After each mask update.
	Note   func(text string)              // When something happened that people should know, such as that a file is damaged.
}

// Train trains as the spec says, on the backend, and evaluates on the test split after the last step. When the context
// is cancelled it stops after the step under way, with the context's error. It leaves nothing behind: see [Run] for
// training that can go on.
func Train(ctx context.Context, backend compute.Backend, spec Spec, observer Observer) (*Summary, error) {
	began := time.Now()
	s, err := newSession(ctx, backend, spec, nil)
	if err != nil {
		return nil, err
	}
	defer s.close()
	s.observer = observer
	var summary *Summary
	if err = s.train(ctx, spec.Steps); err == nil {
		summary, err = s.summarize(ctx)
	}
	if isOf(ctx, err) {
		return nil, fmt.Errorf("stopped after %d of %d steps: %w", s.at.Step, spec.Steps, ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	summary.Seconds = time.Since(began).Seconds()
	return summary, nil
}
