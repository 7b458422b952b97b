//go:build unix

package lab

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps Ctrl-C on the terminal from the program, which is told to end by its parent alone: Jupyter leaves its
// kernels behind if it is told twice.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
