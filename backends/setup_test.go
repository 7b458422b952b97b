package backends

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

func TestSetUpFetchesOnce(t *testing.T) {
	f := newFake(t)
	for range 3 {
		require.Equal(t, "xla:"+f.pluginPath(), f.mustOpen(t, ""))
	}
	require.EqualValues(t, 1, f.fetched.Load())
}

func TestAlteredPluginIsFetchedAgain(t *testing.T) {
	for name, alter := range map[string]func(t *testing.T, f *fake) error{
		"truncated": func(t *testing.T, f *fake) error { return os.Truncate(f.pluginPath(), 5) },
		"longer":    func(t *testing.T, f *fake) error { return os.WriteFile(f.pluginPath(), []byte(pluginBytes+"!"), 0o644) },
		"deleted":   func(t *testing.T, f *fake) error { return os.Remove(f.pluginPath()) },
		"same size": func(t *testing.T, f *fake) error {
			require.NoError(t, os.WriteFile(f.pluginPath(), []byte(strings.ToUpper(pluginBytes)), 0o644))
			return os.Chtimes(f.pluginPath(), time.Time{}, time.Now().Add(time.Hour))
		},
		"record altered": func(t *testing.T, f *fake) error {
			return os.WriteFile(filepath.Join(filepath.Dir(f.pluginPath()), recordName), []byte("{"), 0o644)
		},
		"record missing, as after an interruption": func(t *testing.T, f *fake) error {
			return os.Remove(filepath.Join(filepath.Dir(f.pluginPath()), recordName))
		},
		"record names a file elsewhere": func(t *testing.T, f *fake) error {
			data := []byte(`{"plugins": [{"file": "../../etc/passwd", "size": 1}]}`)
			return os.WriteFile(filepath.Join(filepath.Dir(f.pluginPath()), recordName), data, 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.mustOpen(t, "xla")
			require.NoError(t, alter(t, f))
			require.Equal(t, "xla:"+f.pluginPath(), f.mustOpen(t, "xla"))
			require.EqualValues(t, 2, f.fetched.Load())
		})
	}
}

func TestFailedFetchLeavesNothing(t *testing.T) {
	f := newFake(t)
	good := f.sources[0]
	bad := fakeSource("bad", func(dir string) error {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cpu.so"), []byte("half"), 0o644))
		return errors.New("connection lost")
	})
	f.sources = []source{bad, good}
	chosen, err := f.open("xla", insist)
	require.NoError(t, err)
	require.Equal(t, "xla:"+filepath.Join(f.cache, good.id, "cpu.so"), chosen.config)
	require.NoDirExists(t, filepath.Join(f.cache, bad.id))
}

// A whole plugin that this machine cannot load is not fetched over and over.
func TestUselessPluginIsFetchedOnce(t *testing.T) {
	f := newFake(t)
	fetched := 0
	f.sources = []source{fakeSource("useless", func(dir string) error {
		fetched++
		return os.WriteFile(filepath.Join(dir, "cpu.so"), []byte("for another libc"), 0o644)
	})}
	for range 2 {
		_, err := f.open("xla", insist)
		require.ErrorContains(t, err, "is not a plugin")
	}
	require.Equal(t, 1, fetched)
}

func TestLookFetchesNothing(t *testing.T) {
	f := newFake(t)
	for _, name := range []string{"", "xla"} {
		_, _ = f.open(name, look)
	}
	require.Zero(t, f.fetched.Load())
	require.Empty(t, entries(t, f.cache))
}

func TestFailuresAreRemembered(t *testing.T) {
	for name, test := range map[string]struct {
		ago     time.Duration
		seconds float64
		asked   string
		fetches int32
	}{
		"slow and recent":              {time.Minute, 12, "", 0},
		"slow and recent, but insists": {time.Minute, 12, "xla", 1},
		"slow and long ago":            {time.Hour, 12, "", 1},
		"quick":                        {time.Minute, 0.5, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			data, err := json.Marshal(failure{At: time.Now().Add(-test.ago), Seconds: test.seconds, Reason: "firewall"})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(f.cache, failureName), data, 0o644))
			f.mustOpen(t, test.asked)
			require.Equal(t, test.fetches, f.fetched.Load())
			require.Equal(t, test.fetches == 0, readFailure(f.cache) != nil, "success forgets the failure")
		})
	}
	f := newFake(t)
	f.sources = []source{fakeSource("bad", func(string) error { return errors.New("no route") })}
	f.mustOpen(t, "")
	require.Contains(t, readFailure(f.cache).Reason, "no route")
}

func TestUnusableCacheFolder(t *testing.T) {
	f := newFake(t)
	file := filepath.Join(f.cache, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	t.Setenv(CacheDirEnv, filepath.Join(file, "cache"))
	_, err := f.open("xla", insist)
	require.ErrorContains(t, err, "$SPARSEKERNEL_CACHE")
	require.Equal(t, "go:parallelism=-1", f.mustOpen(t, ""))
}

func TestMisreadCacheFolder(t *testing.T) {
	f := newFake(t)
	t.Setenv(CacheDirEnv, filepath.Join(f.cache, "nvidia"))
	_, err := f.open("xla", insist)
	require.ErrorContains(t, err, `"nvidia"`)
	require.Zero(t, f.fetched.Load(), "fetching would be in vain")
}

func TestConcurrentGoroutines(t *testing.T) {
	f := newFake(t)
	f.openXLA = fakeXLA
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			o := *f.opener
			o.stderr = &strings.Builder{}
			chosen, err := o.open("xla", insist)
			if err != nil || chosen.config != "xla:"+f.pluginPath() {
				t.Errorf("%q, %v", chosen.config, err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, f.fetched.Load())
}

// helperEnv makes the test binary one of several processes that set up the same cache folder.
const helperEnv = "SPARSEKERNEL_TEST_HELPER"

var helpers = map[string]func() error{
	"slow fetch":  func() error { return slowFetch(500 * time.Millisecond) },
	"stuck fetch": func() error { return slowFetch(time.Hour) },
}

func TestMain(m *testing.M) {
	name := os.Getenv(helperEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	if err := helpers[name](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// helper returns the command that runs the helper in a process of its own.
func helper(t *testing.T, name, cache string, env ...string) *exec.Cmd {
	executable, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), helperEnv+"="+name, CacheDirEnv+"="+cache, "GOMLX_BACKEND=")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// slowFetch sets up from a source that writes the plugin in two halves, with a pause between them, and a line into the file
// "fetches".
func slowFetch(pause time.Duration) error {
	cache, err := CacheDir()
	if err != nil {
		return err
	}
	o := &opener{
		stderr:    os.Stderr,
		openGo:    openGo,
		openXLA:   fakeXLA,
		installed: func() ([]plugin, error) { return nil, nil },
		sources: []source{fakeSource("slow", func(dir string) error {
			fetches, err := os.OpenFile(filepath.Join(cache, "fetches"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err != nil {
				return err
			}
			defer fetches.Close()
			fmt.Fprintln(fetches, os.Getpid())
			half := len(pluginBytes) / 2
			path := filepath.Join(dir, "cpu.so")
			if err := os.WriteFile(path, []byte(pluginBytes[:half]), 0o644); err != nil {
				return err
			}
			time.Sleep(pause)
			return os.WriteFile(path, []byte(pluginBytes), 0o644)
		})},
	}
	_, err = o.open("xla", insist)
	return err
}

func TestConcurrentProcesses(t *testing.T) {
	cache := plainTempDir(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if output, err := helper(t, "slow fetch", cache).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
	wg.Wait()
	fetches, err := os.ReadFile(filepath.Join(cache, "fetches"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(fetches), "\n"))
}

// A process that dies while it fetches leaves neither a lock nor a half plugin in the way of the next one.
func TestKilledProcess(t *testing.T) {
	cache := plainTempDir(t)
	cmd := helper(t, "stuck fetch", cache)
	require.NoError(t, cmd.Start())
	half := filepath.Join(cache, "slow", "cpu.so")
	require.Eventually(t, func() bool {
		_, err := os.Stat(half)
		return err == nil
	}, time.Minute, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	output, err := helper(t, "slow fetch", cache).CombinedOutput()
	require.NoError(t, err, "%s", output)
}

func entries(t *testing.T, dir string) (names []string) {
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return names
}
