//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Environment variables of a child process: its arguments, one a line, and the signal that it sends itself.
const (
	childArgs   = "DSTEE_TEST_ARGS"
	childSignal = "DSTEE_TEST_SIGNAL"
)

// TestChild is the program itself in processes that other tests start, and nothing otherwise. It gets its signal when it
// says that it has finished two runs, before the next one ends however busy the machine is.
func TestChild(t *testing.T) {
	args := os.Getenv(childArgs)
	if args == "" {
		return
	}
	number, err := strconv.Atoi(os.Getenv(childSignal))
	require.NoError(t, err)
	root := newRoot()
	root.SetArgs(strings.Split(args, "\n"))
	root.SetErr(signalling{syscall.Signal(number)})
	os.Exit(exitStatus(root))
}

// signalling is stderr, and sends the process a signal once that says that two runs are done.
type signalling struct{ signal syscall.Signal }

func (s signalling) Write(text []byte) (int, error) {
	n, err := os.Stderr.Write(text)
	if err == nil && bytes.HasPrefix(text, []byte("2 of ")) {
		arrived := make(chan os.Signal, 1)
		signal.Notify(arrived, s.signal)
		if err = syscall.Kill(os.Getpid(), s.signal); err == nil {
			<-arrived
		}
	}
	return n, err
}

// signalled runs the program in a process that gets a signal once it has finished two runs. It returns what the process
// wrote to stderr, and how it ended.
func signalled(t *testing.T, signal syscall.Signal, args []string) (stderr string, state *os.ProcessState) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childArgs+"="+strings.Join(args, "\n"), childSignal+"="+strconv.Itoa(int(signal)))
	var text strings.Builder
	cmd.Stderr = &text
	_ = cmd.Run() // It ended by a signal, or with a status.
	require.NotNil(t, cmd.ProcessState)
	return text.String(), cmd.ProcessState
}

// A comparison that was killed, interrupted, and continued gives what an uninterrupted one gives.
func TestCompareKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("trains in processes of its own")
	}
	dir, whole := t.TempDir(), t.TempDir()
	args := append(smallCompare(dir), "--jobs", "1", "--csv")
	stderr, state := signalled(t, syscall.SIGKILL, args)
	require.Equal(t, syscall.SIGKILL, state.Sys().(syscall.WaitStatus).Signal(), stderr)
	require.NoFileExists(t, filepath.Join(dir, "results.csv"))

	stderr, state = signalled(t, syscall.SIGINT, args)
	require.Equal(t, exitInterrupted, state.ExitCode(), stderr)
	require.Contains(t, stderr, "of 8 runs done, which are kept: interrupted")
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
