package backends

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/pkg/errors"
	"github.com/stretchr/testify/require"
)

func TestOpenChooses(t *testing.T) {
	for name, test := range map[string]struct {
		asked, env string
		want       string // configuration; PLUGIN stands for the fetched plugin's path
	}{
		"automatic":                    {"", "", "xla:PLUGIN"},
		"xla":                          {"xla", "", "xla:PLUGIN"},
		"another name of xla":          {"hlo", "", "xla:PLUGIN"},
		"go":                           {"go", "", "go:parallelism=-1"},
		"gobackend":                    {"gobackend", "", "go:parallelism=-1"},
		"go with options":              {"go:ops_sequential", "", "go:parallelism=-1,ops_sequential"},
		"go with parallelism":          {"go:parallelism=3", "", "go:parallelism=3"},
		"automatic, env go":            {"", "go", "go:parallelism=-1"},
		"automatic, env xla":           {"", "xla", "xla:PLUGIN"},
		"xla by name, env go":          {"xla", "go", "xla:PLUGIN"},
		"go by name, env xla":          {"go", "xla", "go:parallelism=-1"},
		"configuration by name, env":   {"go:parallelism=2", "xla", "go:parallelism=2"},
		"automatic, env configuration": {"", "go:parallelism=2", "go:parallelism=2"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			t.Setenv(compute.ConfigEnvVar, test.env)
			want := strings.ReplaceAll(test.want, "PLUGIN", f.pluginPath())
			require.Equal(t, want, f.mustOpen(t, test.asked))
			require.Empty(t, f.stderr.String())
		})
	}
}

func TestOpenConfiguredPlugin(t *testing.T) {
	for _, name := range []string{"", "xla"} {
		f := newFake(t)
		f.mustOpen(t, "xla") // leaves a plugin to name
		t.Setenv(compute.ConfigEnvVar, "xla:"+f.pluginPath())
		f.opened = nil
		f.installed = func() ([]plugin, error) { panic("must not search") }
		require.Equal(t, "xla:"+f.pluginPath(), f.mustOpen(t, name))
		require.Equal(t, []string{f.pluginPath()}, f.opened)

		// A wrong value is an error rather than a reason to choose something else.
		t.Setenv(compute.ConfigEnvVar, "xla:/no/such/plugin.so")
		_, err := f.open(name, insist)
		require.ErrorContains(t, err, `$GOMLX_BACKEND is "xla:/no/such/plugin.so"`)
	}
}

func TestOpenInstalledPluginFirst(t *testing.T) {
	f := newFake(t)
	f.mustOpen(t, "xla")
	broken := plugin{options: "/no/such.so", path: "/no/such.so", origin: OriginInstalled}
	good := plugin{options: f.pluginPath(), path: "/lib/pjrt_c_api_cpu_plugin.so", origin: OriginInstalled}
	f.installed = func() ([]plugin, error) { return []plugin{broken, good}, nil }
	chosen, err := f.open("", insist)
	require.NoError(t, err)
	require.Equal(t, good, chosen.plugin)

	f.installed = func() ([]plugin, error) { return []plugin{broken}, errors.New("broken too") }
	chosen, err = f.open("", insist)
	require.NoError(t, err)
	require.Equal(t, OriginWheel, chosen.plugin.origin)
}

func TestOpenUnknownName(t *testing.T) {
	t.Setenv(compute.ConfigEnvVar, "")
	for _, name := range []string{"tpu", ":", " go", "XLA", "tpu:cpu"} {
		_, err := Open(name)
		require.ErrorContains(t, err, `there is no backend "`+name+`"`)
		for _, known := range compute.List() {
			require.ErrorContains(t, err, known)
		}
	}
	for _, config := range []string{"go:no_such_option", "go:parallelism=two"} {
		_, err := Open(config)
		require.Error(t, err, config)
	}
}

func TestOpenFallsBackWithOneLine(t *testing.T) {
	f := newFake(t)
	f.sources = []source{fakeSource("fake", func(string) error { return errors.New("the index\ndoes not answer") })}
	chosen, err := f.open("", insist)
	require.NoError(t, err)
	require.Equal(t, "go:parallelism=-1", chosen.config)
	line := f.stderr.String()
	require.Equal(t, 1, strings.Count(line, "\n"), line)
	require.Contains(t, line, "pure-Go backend")
	require.Contains(t, line, "the index does not answer")
	require.Contains(t, line, advice)
}

func TestXLANeverFallsBack(t *testing.T) {
	f := newFake(t)
	f.installed = func() ([]plugin, error) { return nil, errors.New("reason one") }
	f.sources = []source{
		fakeSource("a", func(string) error { return errors.New("reason two") }),
		fakeSource("b", func(string) error { return errors.New("reason three") }),
	}
	_, err := f.open("xla", insist)
	for _, part := range []string{"reason one", "reason two", "reason three", advice} {
		require.ErrorContains(t, err, part)
	}
	require.Empty(t, f.stderr.String())
}

func TestOpenWithoutXLA(t *testing.T) {
	f := newFake(t)
	f.openXLA, f.sources = nil, nil
	_, err := f.open("xla", insist)
	require.ErrorContains(t, err, "without XLA")
	_, err = f.open("xla:/plugin.so", insist)
	require.ErrorContains(t, err, "without XLA")
	require.Equal(t, "go:parallelism=-1", f.mustOpen(t, ""))
	require.Contains(t, f.stderr.String(), rebuild)
}

func TestOpenRecoversPanics(t *testing.T) {
	f := newFake(t)
	f.openXLA = func(string) (compute.Backend, error) { panic("the library's bug") }
	_, err := f.open("xla:/plugin.so", insist)
	require.ErrorContains(t, err, "the library's bug")
}

// The caller's output belongs on stdout, and GoMLX writes there when it is told the parallelism.
func TestOpenKeepsStdoutClean(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	stdout := os.Stdout
	os.Stdout = write
	for _, name := range []string{"go", "go:parallelism=3", "go:ops_sequential"} {
		_, err = Open(name)
		require.NoError(t, err)
	}
	os.Stdout = stdout
	require.NoError(t, write.Close())
	written, err := io.ReadAll(read)
	require.NoError(t, err)
	require.Empty(t, string(written))
}

func FuzzOpenConfig(f *testing.F) {
	for _, seed := range []string{"", "go", "xla", "go:parallelism=-1", "go:,", "xla:/x.so,tf32=false", "::", "go:=", "hlo:"} {
		f.Add(seed)
	}
	fake := newFake(f)
	fake.sources = nil
	f.Fuzz(func(t *testing.T, config string) {
		t.Setenv(CacheDirEnv, fake.cache)
		chosen, err := fake.openConfig(config, look)
		require.Equal(t, err == nil, chosen.backend != nil)
		if err == nil {
			require.True(t, strings.HasPrefix(chosen.config, "go:"), "%q opened %q without any plugin", config, chosen.config)
		}
	})
}
