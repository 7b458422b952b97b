package backends

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"
)

// progress tells a person what set-up is doing: one line per step, and on a terminal the megabytes as they arrive.
type progress struct {
	w        io.Writer
	terminal bool
	pending  bool // the cursor is on an unfinished line
}

func newProgress(w io.Writer) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

func (p *progress) say(format string, args ...any) {
	p.close()
	fmt.Fprintf(p.w, "sparsekernel: "+format+"\n", args...)
}

// close ends an unfinished line.
func (p *progress) close() {
	if p.pending {
		fmt.Fprintln(p.w)
		p.pending = false
	}
}

// watch runs f and shows the growth of dir towards total bytes while it runs. It returns whether anything arrived.
func (p *progress) watch(dir string, total int64, f func() error) (arrived bool, err error) {
	done := make(chan error, 1)
	go func() { done <- f() }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			p.close()
			return arrived, err
		case <-tick.C:
			size := min(treeSize(dir), total)
			arrived = arrived || size > 0
			if p.terminal && size > 0 {
				fmt.Fprintf(p.w, "\rsparsekernel: %d of %d MB", size/1e6, total/1e6)
				p.pending = true
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
