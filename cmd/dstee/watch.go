package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sparsekernel/sparsekernel/run"
	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views"
)

// newWatch is the command "watch".
func newWatch() *cobra.Command {
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "watch RUN",
		Short: "Show how a run goes that another process trains",
		Long: "watch follows the record of a run, given by its folder, until its last step or Ctrl-C: loss and accuracy with\n" +
			"their course, and how much of each layer is active and was ever tried. On a terminal it redraws in place,\n" +
			"elsewhere it prints a line each time. It waits for a run that has not begun, or that nobody trains, and says so.",
		Example: "  dstee train --out runs/first &\n  dstee watch runs/first",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if every < time.Millisecond {
				return fmt.Errorf("--every must be a millisecond or more, got %s", every)
			}
			waiting(cmd.ErrOrStderr(), args[0])
			screen := &screen{out: cmd.OutOrStdout()}
			return views.Watch(cmd.Context(), args[0], every, func(r *views.Run) error {
				if err := screen.show(r); err != nil {
					return err
				}
				if r.Damage != nil {
					return r.Damage
				}
				return nil
			})
		},
	}
	cmd.Flags().DurationVar(&every, "every", 500*time.Millisecond, "the least time between two looks")
	return cmd
}

// waiting says what watch will wait for, if no process trains the run in a folder.
func waiting(w io.Writer, dir string) {
	r, err := run.Load(dir)
	if _, none := errors.AsType[*run.NotARunError](err); none {
		if _, err := os.Stat(filepath.Join(dir, trace.FileName)); err != nil { // A record may be without a run.
			fmt.Fprintf(w, "There is no run in %s yet: waiting for one. Ctrl-C ends.\n", dir)
		}
		return
	}
	if err != nil {
		return // The record tells what it can.
	}
	defer r.Close()
	if state, err := r.State(); err == nil && (state.Status == run.StatusStopped || state.Status == run.StatusNew) {
		fmt.Fprintf(w, "No process trains this run: waiting for one, such as `dstee resume %s`. Ctrl-C ends.\n", shellWord(dir))
	}
}

// screen shows text again and again.
type screen struct {
	out   io.Writer
	lines int // Of the text that is shown, on a terminal.
}

// show shows how the run stands: on a terminal in the place of what is there, elsewhere in a line.
func (s *screen) show(r *views.Run) error {
	const back = "\x1b[%dA\r\x1b[J" // Up so many lines, and clear what is below.
	width, height, terminal := s.size()
	text := views.Text(r, width)
	if !terminal {
		first, _, _ := strings.Cut(text, "\n")
		_, err := fmt.Fprintln(s.out, first)
		return err
	}
	lines := strings.Split(text, "\n")
	lines = lines[:min(len(lines), max(1, height-1))]
	if s.lines > 0 {
		text = fmt.Sprintf(back, s.lines)
	} else {
		text = ""
	}
	s.lines = len(lines)
	_, err := io.WriteString(s.out, text+strings.Join(lines, "\n")+"\n")
	return err
}

// size is that of the terminal, if it is one.
func (s *screen) size() (width, height int, terminal bool) {
	file, ok := s.out.(*os.File)
	if !ok {
		return 1 << 10, 0, false
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 1 << 10, 0, false
	}
	if width < 1 || height < 1 { // Some terminals do not tell.
		return 80, 24, true
	}
	return width, height, true
}
