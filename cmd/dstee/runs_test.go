package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/run"
)

// mainEnv makes the test binary the command itself, for tests of its exit status.
const mainEnv = "DSTEE_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// succeed runs the command line and returns what it prints.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	stdout, _, err := execute(t.Context(), args...)
	require.NoError(t, err)
	return stdout
}

// brief are flags for a run that takes no time.
func brief(args ...string) []string {
	return append([]string{"train", "--backend", backendtest.Cheapest(), "--steps", "40", "--delta-t", "10", "--save-every", "1",
		"--width", "0.125", "--no-dense"}, args...)
}

// A run is trained, listed, inspected, forked, resumed and removed.
func TestRuns(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "runs", "a"), filepath.Join(dir, "runs", "more", "b")
	require.Contains(t, succeed(t, brief("--out", a, "--save-rounds", "2")...), "Wrote "+a+"/summary.json")
	_, _, err := execute(t.Context(), brief("--out", a)...)
	require.ErrorContains(t, err, "holds a run already: go on with it by `dstee resume "+a+"`")

	kept, err := os.ReadFile(filepath.Join(a, "summary.json"))
	require.NoError(t, err)
	stdout := succeed(t, "resume", a)
	require.Contains(t, stdout, "It has all of its 40 steps. A fork goes on with more: `dstee fork "+a+" NEW --at-step 40 --steps 80`")
	require.NotContains(t, stdout, " 0.00 ms", "the time per step is that of the training")
	again, err := os.ReadFile(filepath.Join(a, "summary.json"))
	require.NoError(t, err)
	require.Equal(t, string(kept), string(again))

	require.Contains(t, succeed(t, "whatif", a, "--backend", backendtest.Cheapest()), "round 2, step 20")

	require.Equal(t, b+" goes on from "+a+" at step 20: train it with `dstee resume "+b+"`.\n",
		succeed(t, "fork", a, b, "--at-round", "2", "--c", "0.5", "--acquisition", "abs(g)/(n+1)"))
	forked, err := run.Load(b)
	require.NoError(t, err)
	spec := forked.Spec()
	require.Equal(t, []any{0.5, "formula", "abs(g)/(n+1)", 40, 10}, []any{spec.C, spec.Method, spec.Acquisition, spec.Steps, spec.DeltaT})

	stdout = succeed(t, "resume", b, "--steps", "5")
	require.Contains(t, stdout, "It is at step 25 of 40: `dstee resume "+b+"` goes on.")
	table := strings.Split(strings.TrimSpace(succeed(t, "ls", dir)), "\n")
	require.Len(t, table, 3)
	require.Regexp(t, `^runs/a +dst-ee +95.00% +0 +40 of 40 +[\d.]+% +finished$`, table[1])
	require.Regexp(t, `^runs/more/b +formula +95.00% +0 +25 of 40 +[\d.]+% +stopped$`, table[2])

	var summary run.Summary
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "resume", b, "--json")), &summary))
	require.Equal(t, 4, summary.MaskUpdates)
	require.Zero(t, summary.Step)

	stdout = succeed(t, "inspect", b)
	require.Contains(t, stdout, "forked from "+a+" at step 20")
	require.Regexp(t, `step-00000020-round-0002.pinned.safetensors +[\d.]+ kB +pinned +whole`, stdout)
	newest := filepath.Join(b, "checkpoints", "step-00000040-round-0004.safetensors")
	require.NoError(t, os.Truncate(newest, 100))
	stdout, _, err = execute(t.Context(), "inspect", b, "--json")
	require.ErrorContains(t, err, "1 of 3 checkpoints cannot be used")
	var inspected struct {
		State       run.State
		Checkpoints []struct {
			Step    int
			Problem string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &inspected))
	require.Equal(t, 40, inspected.Checkpoints[2].Step)
	require.Contains(t, inspected.Checkpoints[2].Problem, "is damaged")
	_, stderr, err := execute(t.Context(), "resume", b)
	require.NoError(t, err)
	require.Contains(t, stderr, "dstee: "+newest+" is damaged")

	_, _, err = execute(t.Context(), "rm", a, dir, b)
	require.ErrorContains(t, err, dir+" holds no run")
	require.NoDirExists(t, a)
	require.NoDirExists(t, b)
	var runs []any
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "ls", dir, "--json")), &runs))
	require.Empty(t, runs)
}

// A run whose spec cannot be read is listed with the reason.
func TestLsUnreadable(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "spec.json"), []byte("{"), 0o644))
	require.Contains(t, succeed(t, "ls", dir), "unexpected end of JSON input")
}

// Ctrl-C stops after the step under way, saves within a second, and exits with status 130.
func TestInterruptedProcess(t *testing.T) {
	executable, err := os.Executable()
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(executable, brief("--out", dir, "--steps", "1000000")...)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // It has ended, unless the test failed.
	require.Eventually(t, func() bool {
		r, err := run.Load(dir)
		if err != nil {
			return false
		}
		state, err := r.State()
		return err == nil && state.Step > 0
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait())
	require.Equal(t, exitInterrupted, cmd.ProcessState.ExitCode())
	require.Regexp(t, `^dstee: stopped after \d+ of 1000000 steps, saved in `+dir, stderr.String())
	require.Contains(t, succeed(t, "resume", dir, "--steps", "1"), "test accuracy")
}

func TestRoundsFlag(t *testing.T) {
	for text, want := range map[string]run.Rounds{"3": {3}, "3, 10": {3, 10}, "every": run.EveryRound} {
		var flag roundsFlag
		require.NoError(t, flag.Set(text))
		require.Equal(t, want, run.Rounds(flag))
		require.Equal(t, strings.ReplaceAll(text, " ", ""), flag.String())
	}
}
