//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// childArgs names the environment variable with the arguments of a child process, one a line.
const childArgs = "DSTEE_TEST_ARGS"

// TestChild is the program itself in processes that other tests start, and nothing otherwise.
func TestChild(*testing.T) {
	if args := os.Getenv(childArgs); args != "" {
		os.Args = append([]string{"dstee"}, strings.Split(args, "\n")...)
		main()
	}
}

// signalled runs the program in a process that gets a signal once it has finished n runs. It returns what the process wrote
// to stderr, and how it ended.
func signalled(t *testing.T, signal os.Signal, n int, args []string) (stderr string, state *os.ProcessState) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childArgs+"="+strings.Join(args, "\n"))
	pipe, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }() // If the test fails; it is an error where the process has ended.
	var text strings.Builder
	lines := bufio.NewScanner(io.TeeReader(pipe, &text))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), fmt.Sprintf("%d of ", n)) {
			require.NoError(t, cmd.Process.Signal(signal))
		}
	}
	_ = cmd.Wait() // It ended by a signal, or with a status.
	return text.String(), cmd.ProcessState
}

// A comparison that was killed, interrupted, and continued gives what an uninterrupted one gives.
func TestCompareKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("trains in processes of its own")
	}
	dir, whole := t.TempDir(), t.TempDir()
	args := append(smallCompare(dir), "--jobs", "1", "--csv")
	stderr, state := signalled(t, os.Kill, 2, args)
	require.Equal(t, syscall.SIGKILL, state.Sys().(syscall.WaitStatus).Signal(), stderr)
	require.NoFileExists(t, filepath.Join(dir, "results.csv"))

	stderr, state = signalled(t, os.Interrupt, 2, args)
	require.Equal(t, exitInterrupted, state.ExitCode(), stderr)
	require.Contains(t, stderr, "of 8 runs done, which are kept: context canceled")
	require.Regexp(t, `(?m)^[2-7] results are there already, \d are to be trained$`, stderr)

	_, stderr, err := execute(t.Context(), args...)
	require.NoError(t, err)
	require.Regexp(t, `(?m)^[4-7] results are there already, \d are to be trained$`, stderr)
	_, _, err = execute(t.Context(), append(smallCompare(whole), "--jobs", "2", "--csv")...)
	require.NoError(t, err)
	want, got := readCSV(t, filepath.Join(whole, "results.csv")), readCSV(t, filepath.Join(dir, "results.csv"))
	require.Equal(t, withoutTimes(want), withoutTimes(got))
}

// withoutTimes empties the columns that are times. The first row names the columns.
func withoutTimes(rows [][]string) [][]string {
	for i, name := range rows[0] {
		if strings.HasPrefix(name, "seconds") {
			for _, row := range rows[1:] {
				row[i] = ""
			}
		}
	}
	return rows
}
