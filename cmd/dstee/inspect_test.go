package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// inspect says how the trace is: whole, torn, damaged, or that a damaged one was set aside.
func TestInspectTrace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, brief("--out", dir, "--steps", "20")...)
	require.Regexp(t, `(?m)^trace.jsonl +[\d.]+ kB +20 +whole$`, succeed(t, "inspect", dir))
	require.Regexp(t, `(?m)^timing.jsonl +\d+ B +20 +whole$`, succeed(t, "inspect", dir))

	path := filepath.Join(dir, "trace.jsonl")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data[:len(data)-5], 0o644))
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	require.Regexp(t, fmt.Sprintf(`trace.jsonl .* 20 +whole but for its last line, at byte %d: .*cuts it off`, last), succeed(t, "inspect", dir))

	line := bytes.Index(data, []byte(`{"kind":"step","step":10,`))
	require.NoError(t, os.WriteFile(path, data[:line], 0o644))
	shown, _, err := execute(t.Context(), "inspect", dir)
	require.ErrorContains(t, err, "trace.jsonl is not whole: it ends before")
	require.Contains(t, shown, "it ends before the newest checkpoint, at step 20: what was recorded in between is lost")

	damaged := bytes.Clone(data)
	damaged[line+30] ^= 1
	require.NoError(t, os.WriteFile(path, damaged, 0o644))
	stdout, _, err := execute(t.Context(), "inspect", dir)
	require.ErrorContains(t, err, "trace.jsonl cannot be read beyond step 10: `dstee resume` sets it aside as *.damaged")
	require.Contains(t, stdout, fmt.Sprintf("at byte %d: its checksum does not match; what comes before is good", line))
	stdout, _, err = execute(t.Context(), "inspect", dir, "--json")
	require.Error(t, err)
	var found struct{ Trace []struct{ Problem string } }
	require.NoError(t, json.Unmarshal([]byte(stdout), &found))
	require.Contains(t, found.Trace[0].Problem, "its checksum does not match")
	require.Empty(t, found.Trace[1].Problem)

	fork := filepath.Join(t.TempDir(), "fork")
	_, _, err = execute(t.Context(), "fork", dir, fork, "--at-step", "20", "--steps", "40")
	require.Error(t, err, "there is a gap before step 20")
	require.NoError(t, os.Rename(path, path+".damaged"))
	require.Regexp(t, `(?m)^trace.jsonl.damaged +set aside, since it was damaged$`, succeed(t, "inspect", dir))
}
