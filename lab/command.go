package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long a program that was told to end may take.
const patience = 10 * time.Second

// program returns a program with env on top of the environment, that is told to end (SIGTERM) when ctx is done.
func program(ctx context.Context, dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	ownGroup(cmd)
	return cmd
}

// command runs a program, and gives the end of what it printed if it fails.
func command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	output, err := program(ctx, dir, env, name, args...).CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		const most = 1500 // Characters: what is wrong stands at the end.
		text := strings.TrimSpace(string(output))
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, text[max(0, len(text)-most):])
	}
	return nil
}
