package backends

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"
	"golang.org/x/term"
)

// progress tells a person what set-up is doing: one line per step, and on a terminal the megabytes as they arrive.
type progress struct {
	w        io.Writer
	terminal bool
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

func (p *progress) say(format string, args ...any) {
	fmt.Fprintf(p.w, "sparsekernel: "+format+"\n", args...)
}

// watch runs f and meanwhile shows the growth of dir towards total bytes. It cancels f's context if nothing arrives
// within firstByte; 0 waits for ever.
func (p *progress) watch(ctx context.Context, dir string, total int64, firstByte time.Duration,
	f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	start, shown := time.Now(), false
	for {
		select {
		case err := <-done:
			if shown {
				fmt.Fprintln(p.w)
			}
			if cause := context.Cause(ctx); err != nil && cause != nil {
				return cause
			}
			return err
		case now := <-tick.C:
			size := min(treeSize(dir), total)
			if size > 0 {
				firstByte = 0
			}
			if size > 0 && p.terminal {
				fmt.Fprintf(p.w, "\rsparsekernel: %d of %d MB", size/1e6, total/1e6)
				shown = true
			}
			if firstByte > 0 && now.Sub(start) > firstByte {
				cancel(errors.Errorf("nothing arrived within %v", firstByte))
			}
		}
	}
}

// treeSize returns the bytes in the files under dir; files that vanish meanwhile count as 0.
func treeSize(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size
}
