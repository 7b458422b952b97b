package lab

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// here is the lab of this clone.
func here(t *testing.T, out *strings.Builder) *Lab {
	l, err := Find(".", out)
	require.NoError(t, err)
	return l
}

func TestFind(t *testing.T) {
	l := here(t, nil)
	require.FileExists(t, filepath.Join(l.root, requirements))
	_, err := Find(t.TempDir(), nil)
	require.ErrorContains(t, err, "change to the clone, and run: go run ./cmd/dstee lab")
}

// Another module is not mistaken for the clone, but a folder below the clone's root is in it.
func TestFindLooksAtTheModule(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module github.com/sparsekernel/sparsekernel/tools\n"), 0o644))
	_, err := Find(dir, nil)
	require.Error(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(moduleLine+"\ngo 1.26\n"), 0o644))
	below := filepath.Join(dir, "a", "b")
	require.NoError(t, os.MkdirAll(below, 0o755))
	l, err := Find(below, nil)
	require.NoError(t, err)
	require.Equal(t, dir, l.root)
}

// clone returns a lab whose clone has lock files alone.
func clone(t *testing.T, out *strings.Builder) *Lab {
	l := &Lab{root: t.TempDir(), cache: filepath.Join(t.TempDir(), "lab"), out: out}
	require.NoError(t, os.MkdirAll(filepath.Join(l.root, goTools), 0o755))
	for _, file := range []string{requirements, goTools + "/go.mod", goTools + "/go.sum"} {
		require.NoError(t, os.WriteFile(filepath.Join(l.root, file), []byte("content of "+file), 0o644))
	}
	return l
}

// The environment's name follows from every lock file, and from nothing in the clone besides.
func TestEnvironmentFollowsLockFiles(t *testing.T) {
	l := clone(t, nil)
	name := func() string {
		env, err := l.environment()
		require.NoError(t, err)
		return env.dir
	}
	seen := map[string]bool{name(): true}
	require.NoError(t, os.WriteFile(filepath.Join(l.root, "other"), nil, 0o644))
	require.True(t, seen[name()])
	for _, file := range []string{requirements, goTools + "/go.mod", goTools + "/go.sum"} {
		require.NoError(t, os.WriteFile(filepath.Join(l.root, file), []byte("changed"), 0o644))
		require.False(t, seen[name()], file)
		seen[name()] = true
	}
	l.cache = t.TempDir()
	require.False(t, seen[name()], "virtual environments cannot be moved")
}

// Whatever a set-up that was interrupted left is not taken for an environment.
func TestMissing(t *testing.T) {
	env, err := clone(t, nil).environment()
	require.NoError(t, err)
	files := env.missing()
	require.Len(t, files, 5)
	for i, file := range files {
		require.Equal(t, files[i:], env.missing())
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, nil, 0o644))
	}
	require.Equal(t, env.marker(), files[4], "the marker is the last to be made")
	require.Empty(t, env.missing())
}

// A set-up that fails leaves nothing that the next would take for complete, and says which file is at fault.
func TestSetUpFails(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a Python environment")
	}
	var out strings.Builder
	l := clone(t, &out)
	env, err := l.environment()
	require.NoError(t, err)
	stale := filepath.Join(env.dir, "stale")
	require.NoError(t, os.MkdirAll(env.dir, 0o755))
	require.NoError(t, os.WriteFile(stale, nil, 0o644))
	err = l.SetUp(t.Context())
	require.ErrorContains(t, err, "installing JupyterLab with pip")
	require.ErrorContains(t, err, "content of tools/notebook/requirements.txt")
	require.NoFileExists(t, stale)
	require.NoFileExists(t, env.marker())
}

func TestInterruptedSetUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	require.ErrorIs(t, clone(t, &out).SetUp(ctx), context.Canceled)
}

func TestNoPython(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := clone(t, nil).environment()
	require.ErrorContains(t, err, "install Python 3.10 or newer")
	require.Contains(t, clone(t, nil).checkEnvironment().Do, "install Python 3.10 or newer")
	require.Contains(t, clone(t, nil).checkGo().Do, "https://go.dev/dl")
}

func TestCheck(t *testing.T) {
	l := clone(t, nil)
	findings := l.Check()
	require.Len(t, findings, 3)
	require.Contains(t, findings[1].Do, "dstee lab --setup")
	require.NoDirExists(t, l.cache, "a check makes nothing")
	for _, finding := range findings {
		require.True(t, (finding.Have == "") != (finding.Do == ""), "%+v", finding)
	}
}

func TestKernelSpec(t *testing.T) {
	var spec struct {
		Argv      []string
		Interrupt string            `json:"interrupt_mode"`
		Env       map[string]string `json:"env"`
	}
	require.NoError(t, json.Unmarshal(environment{dir: "/e"}.kernelSpec(), &spec))
	require.Equal(t, []string{"/e/bin/gonb", "--kernel", "{connection_file}", "-raw_error=true"}, spec.Argv[:4])
	require.Equal(t, "message", spec.Interrupt)
	require.Equal(t, "/e/bin:${PATH}", spec.Env["PATH"])
}

// Two processes that set up do so one after the other.
func TestLock(t *testing.T) {
	var out strings.Builder
	l := clone(t, &out)
	unlock, err := l.lock(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = l.lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Contains(t, out.String(), "waiting for another process")
	unlock()
	unlock, err = l.lock(t.Context())
	require.NoError(t, err)
	unlock()
}
