// Package backendtest runs tests on both GoMLX backends.
//
// Under the race detector Go also checks pointer arithmetic, and stops the process at the pure-Go backend's first
// matrix product: GoMLX's kernels (compute v0.1.2) compute addresses in ways that the check refuses. [Run] therefore
// leaves "go" out of a plain "go test -race"; to have both backends, switch the check off for that module:
//
//	go test -race -gcflags=github.com/gomlx/compute/...=-d=checkptr=0 ./...
package backendtest

import (
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/sparsekernel/sparsekernel/backends"
)

// BackendsEnv names the environment variable that narrows [Run] to the listed backends, separated by commas: "go",
// "xla" or "xla,go" (default). It is meant for machines without an XLA plugin; nothing narrows by itself.
const BackendsEnv = "SPARSEKERNEL_TEST_BACKENDS"

var names = []string{"xla", "go"}

// Each backend is opened once per process and lives as long as the process: tensors of one test may be collected
// while the next one runs.
var shared = map[string]func() (compute.Backend, error){
	"xla": sync.OnceValues(func() (compute.Backend, error) { return backends.Open("xla") }),
	"go":  sync.OnceValues(func() (compute.Backend, error) { return backends.Open("go") }),
}

// Run runs f as subtests "xla" and "go", in short tests (go test -short) only the [Cheapest] of them: what XLA compiles is
// most of the time of all tests, and nothing that the race detector sees. A backend that cannot be opened fails its subtest
// with what to do; see [BackendsEnv] to choose. f must not finalize the backend.
func Run(t *testing.T, f func(t *testing.T, backend compute.Backend)) {
	t.Helper()
	for _, name := range selected(t) {
		t.Run(name, func(t *testing.T) { f(t, Get(t, name)) })
	}
}

// Get returns the process's backend "xla" or "go", for benchmarks and for tests of one backend.
func Get(t testing.TB, name string) compute.Backend {
	t.Helper()
	open, found := shared[name]
	if !found {
		t.Fatalf("backendtest.Get(%q): the backends are %q", name, names)
	}
	backend, err := open()
	if err != nil {
		t.Fatalf("backend %q: %v\nTo test without it set %s to the others.", name, err, BackendsEnv)
	}
	return backend
}

// One returns one of the process's backends, [Cheapest], for tests of what does not depend on the backend.
func One(t testing.TB) compute.Backend {
	t.Helper()
	return Get(t, Cheapest())
}

// Cheapest returns "go", which compiles in no time, or "xla" where Go's pointer check stops the pure-Go backend.
func Cheapest() string {
	if goBackendStops() {
		return "xla"
	}
	return "go"
}

func selected(t testing.TB) []string {
	t.Helper()
	list := os.Getenv(BackendsEnv)
	if list == "" && testing.Short() {
		return []string{Cheapest()}
	}
	if list == "" && goBackendStops() {
		t.Log("without backend \"go\", which Go's pointer check would stop, see package backendtest")
		return []string{"xla"}
	}
	if list == "" {
		return names
	}
	chosen := strings.Split(list, ",")
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			t.Fatalf("$%s is %q: %q is none of %q", BackendsEnv, list, name, names)
		}
	}
	return chosen
}

// goBackendStops reports whether the test binary was built with the pointer check that stops the pure-Go backend.
func goBackendStops() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	race, checked := false, true
	for _, setting := range info.Settings {
		switch setting.Key {
		case "-race":
			race = setting.Value == "true"
		case "-gcflags":
			checked = !strings.Contains(setting.Value, "checkptr=0")
		}
	}
	return race && checked
}
