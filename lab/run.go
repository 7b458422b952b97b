package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// RunOptions say how [Lab.Run] runs notebooks.
type RunOptions struct {
	Seconds int  // That a cell may take.
	Write   bool // Store the outputs in the notebooks.
}

// Run sets up what is missing ([Lab.SetUp]), and runs notebooks from their first cell to their last, without a browser
// and with $NB_HEADLESS set. The error names the first cell of each notebook that fails. To Jupyter a cell of the Go
// kernel has failed only if it does not compile; here also if its program panics, exits with another status than 0 or is
// killed, and if it takes too long. A cell tagged raises-exception must fail.
func (l *Lab) Run(ctx context.Context, notebooks []string, options RunOptions) error {
	env, err := l.setUp(ctx)
	if err != nil {
		return err
	}
	args := []string{filepath.Join(l.root, "lab", "execute.py"), "--timeout", strconv.Itoa(options.Seconds)}
	if options.Write {
		args = append(args, "--write")
	}
	cmd := program(ctx, "", append(env.jupyter(), "NB_HEADLESS=1"), env.venv("bin/python"), append(args, notebooks...)...)
	cmd.Stdout, cmd.Stderr = l.out, l.out
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("running notebooks: %w", err)
	}
	return nil
}
