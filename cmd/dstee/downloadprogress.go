package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/sparsekernel/sparsekernel/datasets/fetch"
	"github.com/sparsekernel/sparsekernel/run"
)

// fetchData reads the data that a spec trains on, and shows how a download goes if it takes one.
func fetchData(cmd *cobra.Command, spec run.Spec) error {
	progress := &downloadProgress{out: cmd.ErrOrStderr()}
	defer progress.close()
	return spec.FetchData(cmd.Context(), progress.arrived)
}

// downloadProgress shows how downloads go, one after the other: as a bar for each file on a terminal, elsewhere as a line for
// each quarter of it.
type downloadProgress struct {
	out io.Writer
	bar *progressbar.ProgressBar // Nil without a terminal.

	file     string // Under way.
	quarters int64  // Of it, that were told of; -1 before its first line.
}

// arrived takes note that so many bytes of a file are there.
func (p *downloadProgress) arrived(file fetch.File, done int64) {
	if p.file != file.Name {
		p.close()
		p.file, p.quarters = file.Name, -1
		if onTerminal(p.out) {
			p.bar = progressbar.NewOptions64(file.Size,
				progressbar.OptionSetWriter(p.out),
				progressbar.OptionSetWidth(20),
				progressbar.OptionSetDescription("downloading "+file.Name),
				progressbar.OptionShowBytes(true),
				progressbar.OptionThrottle(100*time.Millisecond))
		}
	}
	if p.bar != nil {
		_ = p.bar.Set64(done) // A terminal that went away is no reason to stop the download.
		return
	}
	if quarters := 4 * done / max(1, file.Size); quarters > p.quarters {
		p.quarters = quarters
		fmt.Fprintf(p.out, "downloading %s · %.1f of %.1f MB\n", file.Name, float64(done)/1e6, float64(file.Size)/1e6)
	}
}

// close ends the bar's line.
func (p *downloadProgress) close() {
	if p.bar != nil {
		fmt.Fprintln(p.out)
		p.bar = nil
	}
}
