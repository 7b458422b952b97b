package lab

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// write writes a notebook of the given cells.
func write(t *testing.T, tag string, cells ...string) string {
	var content []map[string]any
	for i, source := range cells {
		metadata := map[string]any{}
		if tag != "" && i == len(cells)-1 {
			metadata["tags"] = []string{tag}
		}
		content = append(content, map[string]any{"cell_type": "code", "id": string(rune('a' + i)), "source": source,
			"metadata": metadata, "outputs": []any{}, "execution_count": nil})
	}
	data, err := json.Marshal(map[string]any{"cells": content, "nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{
		"kernelspec": map[string]any{"name": "gonb", "display_name": "Go"}, "language_info": map[string]any{"name": "go"}}})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "n.ipynb")
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// The runner's verdict is that of a reader who sees the cell's output, not the kernel's, which is "ok" for most of these.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("sets up the lab, and starts kernels")
	}
	t.Parallel() // With the test whose cell hangs.
	tests := []struct {
		name, tag, cell string
		want            string // In the output; "" if the notebook must pass.
	}{
		{name: "ok", cell: "%%\nprintln(`exit status of my own`); fmt.Println(`panic: no`)"},
		{name: "panics", cell: "%%\npanic(`broken`)", want: "panic: broken"},
		{name: "exits", cell: "%%\nos.Exit(1)", want: "exit status 1"},
		{name: "killed", cell: "%%\nsyscall.Kill(os.Getpid(), syscall.SIGKILL)", want: "signal: killed"},
		{name: "deadlocks", cell: "%%\nselect {}", want: "fatal error: all goroutines are asleep"},
		{name: "does not compile", cell: "%%\nundefinedName()", want: "undefined: undefinedName"},
		{name: "unknown magic", cell: "%nosuchmagic", want: "unknown or not implemented"},
		{name: "shell fails", cell: "!*exit 3", want: "exit status 3"},
		{name: "test fails", cell: "func TestX(t *testing.T) { t.Error(`wrong`) }\n%test", want: "exit status 1"},
		{name: "must fail and does", tag: "raises-exception", cell: "%%\npanic(`broken`)"},
		{name: "must fail and does not", tag: "raises-exception", cell: "%%\nprintln()", want: "is tagged raises-exception"},
	}
	var paths []string
	for _, test := range tests {
		paths = append(paths, write(t, test.tag, "%noautoget", test.cell))
	}
	before := contents(t, paths)
	var out strings.Builder
	err := here(t, &out).Run(t.Context(), paths, RunOptions{Seconds: 300})
	require.ErrorContains(t, err, "exit status 1")
	require.Equal(t, before, contents(t, paths), "outputs are stored only when asked for")
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, verdict, found := strings.Cut(out.String(), paths[i]+": ")
			require.True(t, found, out.String())
			if test.want == "" {
				require.True(t, strings.HasPrefix(verdict, "ok, "), verdict)
				return
			}
			require.True(t, strings.HasPrefix(verdict, "cell 2 failed"), verdict)
			if i+1 < len(paths) {
				verdict, _, _ = strings.Cut(verdict, paths[i+1])
			}
			require.Contains(t, verdict, test.want)
		})
	}
}

// A program that does not mind being interrupted is ended when its time is over. The time is enough to compile it.
func TestRunOfCellThatHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("sets up the lab, and starts kernels")
	}
	t.Parallel()
	pidFile := filepath.Join(t.TempDir(), "pid")
	path := write(t, "", "%noautoget", "%%\nsignal.Ignore(os.Interrupt)\n"+
		"os.WriteFile(`"+pidFile+"`, []byte(strconv.Itoa(os.Getpid())), 0o644); time.Sleep(time.Hour)")
	var out strings.Builder
	require.Error(t, here(t, &out).Run(t.Context(), []string{path}, RunOptions{Seconds: 20}))
	require.Contains(t, out.String(), path+": cell 2 failed")
	require.Contains(t, out.String(), "took longer than 20 s")
	pid, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	require.Error(t, exec.Command("kill", "-0", string(pid)).Run(), "process %s, which hung, outlives the run", pid)
}

// contents are those of files.
func contents(t *testing.T, paths []string) (contents []string) {
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		contents = append(contents, string(data))
	}
	return contents
}

// Outputs are stored, sliders are drawn without a browser, and one failure does not keep other notebooks from running.
func TestRunWrites(t *testing.T) {
	if testing.Short() {
		t.Skip("sets up the lab, and starts kernels")
	}
	var out strings.Builder
	l := here(t, &out)
	setUp := "!*rm -f go.work && go work init . " + l.root + "\n%noautoget"
	slider := "import \"github.com/sparsekernel/sparsekernel/notebooks/show\"\n%%\n" +
		"show.Slider(`c`, []string{`zero`, `one`, `two`}, 1, strconv.Itoa)\n" +
		"show.Button(`go`, func(n int) string { return fmt.Sprint(`pressed `, n) })\n"
	good, bad := write(t, "", setUp, slider), write(t, "", "%%\nos.Exit(1)")
	err := l.Run(t.Context(), []string{bad, good}, RunOptions{Seconds: 60, Write: true})
	require.Error(t, err)
	require.Contains(t, out.String(), good+": ok")
	data, err := os.ReadFile(good)
	require.NoError(t, err)
	for _, want := range []string{"c: zero", "c: one", "c: two", "Pressed once: go", "pressed 1"} {
		require.Contains(t, string(data), want)
	}
	require.NotContains(t, string(data), "<script")
	data, err = os.ReadFile(bad)
	require.NoError(t, err)
	require.NotContains(t, string(data), "exit status", "a notebook that failed is left as it was")
}
