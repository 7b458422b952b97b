package backends

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"
)

// requireComplete checks what every report says, and that its text names all problems.
func requireComplete(t *testing.T, r Report) {
	t.Helper()
	require.Equal(t, runtime.GOOS, r.System.OS)
	require.Equal(t, runtime.GOARCH, r.System.Arch)
	require.Equal(t, runtime.Version(), r.System.Go)
	require.Positive(t, r.System.Cores)
	text := r.String()
	for _, p := range r.Problems {
		require.Contains(t, text, p.What)
		require.Contains(t, text, p.Do)
		require.NotEmpty(t, p.Do, p.What)
	}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, r, back)
}

func whats(r Report) string {
	var b strings.Builder
	for _, p := range r.Problems {
		b.WriteString(p.What + "\n")
	}
	return b.String()
}

func TestDiagnoseBeforeFirstStart(t *testing.T) {
	f := newFake(t)
	fakePython(t, "exit 0")
	r := f.diagnose()
	requireComplete(t, r)
	require.Equal(t, "go", r.Backend)
	require.True(t, r.WouldFetch)
	require.Nil(t, r.Plugin)
	require.Equal(t, f.cache, r.CacheDir)
	require.Equal(t, []string{"installed plugins: none"}, r.Tried)
	require.Contains(t, whats(r), "no working XLA plugin")
	require.Contains(t, r.String(), "unless fetching")
	require.Zero(t, f.fetched.Load(), "Diagnose fetches nothing")
	require.Empty(t, f.stderr.String())
	require.Empty(t, entries(t, f.cache))
}

func TestDiagnoseFailure(t *testing.T) {
	f := newFake(t)
	data, err := json.Marshal(failure{At: time.Now(), Reason: "the cable is out"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(f.cache, failureName), data, 0o644))
	t.Setenv("PATH", t.TempDir())
	r := f.diagnose()
	requireComplete(t, r)
	require.Contains(t, whats(r), "the cable is out")
	require.Contains(t, whats(r), "python3 with pip")
}

func TestDiagnoseConfigured(t *testing.T) {
	f := newFake(t)
	fakePython(t, "exit 0")
	t.Setenv(compute.ConfigEnvVar, "go:parallelism=5")
	r := f.diagnose()
	requireComplete(t, r)
	require.Equal(t, "go:parallelism=5", r.Config)
	require.False(t, r.WouldFetch)
	require.Contains(t, r.Why, compute.ConfigEnvVar)

	t.Setenv(compute.ConfigEnvVar, "xla")
	r = f.diagnose()
	requireComplete(t, r)
	require.Empty(t, r.Backend)
	require.True(t, r.WouldFetch)

	t.Setenv(compute.ConfigEnvVar, "tpu")
	r = f.diagnose()
	requireComplete(t, r)
	require.Empty(t, r.Backend)
	require.Contains(t, whats(r), `there is no backend "tpu"`)
}

func TestDiagnoseWithoutCacheFolder(t *testing.T) {
	f := newFake(t)
	fakePython(t, "exit 0")
	file := filepath.Join(f.cache, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	t.Setenv(CacheDirEnv, filepath.Join(file, "cache"))
	r := f.diagnose()
	requireComplete(t, r)
	require.Contains(t, whats(r), file)

	for _, name := range []string{CacheDirEnv, "HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	r = f.diagnose()
	requireComplete(t, r)
	require.Empty(t, r.CacheDir)
	require.False(t, r.WouldFetch)
}

func TestDiagnoseWithoutXLA(t *testing.T) {
	f := newFake(t)
	f.openXLA = nil
	r := f.diagnose()
	requireComplete(t, r)
	require.False(t, r.XLABuilt)
	require.False(t, r.WouldFetch)
	require.Contains(t, whats(r), "without XLA")
}

// What a look at sizes and times cannot see, Diagnose sees.
func TestDiagnoseComparesBytes(t *testing.T) {
	f := newFake(t)
	chosen, err := f.open("xla", insist)
	require.NoError(t, err)
	require.NoError(t, chosen.plugin.recorded.verify(chosen.plugin.folder))

	info, err := os.Stat(f.pluginPath())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(f.pluginPath(), bytes.ToUpper([]byte(pluginBytes)), 0o644))
	require.NoError(t, os.Chtimes(f.pluginPath(), time.Time{}, info.ModTime()))
	files, err := readRecord(filepath.Dir(f.pluginPath()))
	require.NoError(t, err)
	require.ErrorIs(t, files[0].verify(filepath.Dir(f.pluginPath())), errAltered)
}

func TestDiagnoseReal(t *testing.T) {
	requireComplete(t, Diagnose())
}

func TestSIMD(t *testing.T) {
	s := detectSIMD()
	if s.Active != "" {
		require.True(t, s.Built)
		require.NotEmpty(t, s.CPU)
	}
	for env, set := range map[string]string{"GOMLX_SIMD_AVX512": "avx512", "GOMLX_SIMD_AVX2": "avx2"} {
		t.Setenv(env, "0")
		require.NotEqual(t, set, detectSIMD().Active)
	}
	require.Empty(t, detectSIMD().Active)
	for want, s := range map[string]SIMD{
		"vector kernels for avx2":                 {Built: true, CPU: "avx2", Active: "avx2"},
		"no vector kernels for this CPU":          {Built: true},
		"switched off by the environment":         {Built: true, CPU: "avx2"},
		"GOEXPERIMENT=simd); this CPU has avx512": {CPU: "avx512"},
	} {
		require.Contains(t, s.String(), want)
	}
}

func TestDiagnoseHalfPrecision(t *testing.T) {
	for active, warns := range map[string]bool{"": false, "avx2": true, "avx512": false} {
		r := &Report{Backend: goName, SIMD: SIMD{Built: true, CPU: "avx2", Active: active}}
		r.describeSearch()
		require.Equal(t, warns, strings.Contains(fmt.Sprint(r.Problems), "GOMLX_SIMD_AVX2=false"), active)
	}
}
