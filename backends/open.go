// Package backends opens a GoMLX backend with no step by the user: it finds an XLA (PJRT) plugin, or fetches one into
// a cache folder of its own, and otherwise falls back to the pure-Go backend.
//
// [Open] is all that most programs need; [Diagnose] says what Open would do and why, without fetching anything.
//
// XLA needs a build with cgo (and without the tag "noxla") for linux/amd64, linux/arm64, darwin/arm64 or
// windows/amd64. Any other build has the pure-Go backend only, and Open and Diagnose say so.
//
// Importing this package switches off go-xla's own automatic installation, so that only Open fetches plugins.
package backends

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/pkg/errors"
)

// Open returns the backend called name:
//
//   - "" chooses: $GOMLX_BACKEND if it is set (then nothing else is tried), else what "xla" finds, else pure Go with
//     one line on stderr that says why.
//   - "xla" searches for a PJRT plugin in this order: $GOMLX_BACKEND if that names XLA; the plugins that go-xla finds
//     installed (see $PJRT_PLUGIN_LIBRARY_PATH); the cache folder (see [CacheDir]); go-xla's installer, unless
//     $GOMLX_NO_AUTO_INSTALL is set; the Python wheel xla-cpu-pjrt, fetched with pip and checked against a pinned
//     SHA-256. The last two leave a plugin in the cache folder, so that the network is needed once. It never falls back
//     to pure Go: the error lists what was tried, why it failed, and what to do.
//   - "go" (or "gobackend") is the pure-Go backend with unlimited parallelism, since GoMLX's default can deadlock when
//     many matrix products are ready together.
//   - anything else is a GoMLX configuration as in $GOMLX_BACKEND: "xla:/path/plugin.so", "xla:cuda,tf32=false",
//     "go:ops_sequential". A Go configuration without "parallelism=" gets unlimited parallelism as well.
//
// Several processes may call Open at once on an empty cache folder: one fetches, the others wait and use what it left.
// Messages and progress go to stderr, nothing goes to stdout.
func Open(name string) (compute.Backend, error) {
	chosen, err := newOpener().open(name, insist)
	if err != nil {
		return nil, err
	}
	return chosen.backend, nil
}

// errNoXLA is why a build without openXLA has no XLA.
var errNoXLA = errors.Errorf("this program was built for %s/%s without XLA", runtime.GOOS, runtime.GOARCH)

// opener holds what Open depends on outside its own logic: the GoMLX backends, the places plugins come from, and the
// terminal.
type opener struct {
	stderr    io.Writer
	openGo    func(options string) (compute.Backend, error)
	openXLA   func(options string) (compute.Backend, error) // nil where the build has no XLA
	installed func() ([]plugin, error)
	sources   []source
}

func newOpener() *opener {
	return &opener{
		stderr:    os.Stderr,
		openGo:    openGo,
		openXLA:   openXLA,
		installed: installedPlugins,
		sources:   defaultSources(),
	}
}

// choice is an opened backend and how it was arrived at.
type choice struct {
	backend compute.Backend
	config  string // GoMLX configuration that opens the same backend again
	plugin  plugin // zero for pure Go and for a plugin named by a configuration
	why     string
	failed  *searchError // set where pure Go stands in for XLA
}

// open is [Open] with at most the given effort spent on fetching.
func (o *opener) open(name string, most effort) (choice, error) {
	configured := os.Getenv(compute.ConfigEnvVar)
	if configured != "" && (name == "" || name == xlaName && isXLAName(backendName(configured))) {
		chosen, err := o.openConfig(configured, most)
		if err != nil {
			return choice{}, errors.WithMessagef(err, "$%s is %q", compute.ConfigEnvVar, configured)
		}
		chosen.why = fmt.Sprintf("$%s: %s", compute.ConfigEnvVar, chosen.why)
		return chosen, nil
	}
	if name != "" {
		return o.openConfig(name, most)
	}
	chosen, failed := o.searchXLA(min(try, most))
	if failed == nil {
		return chosen, nil
	}
	chosen, err := o.openConfig(goName, most)
	if err != nil {
		return choice{}, err
	}
	chosen.failed = failed
	chosen.why = "no XLA plugin could be opened"
	fmt.Fprintf(o.stderr, "sparsekernel: pure-Go backend, slower than XLA: %s; %s\n", failed.line(), failed.advice)
	return chosen, nil
}

// openConfig opens a GoMLX configuration, "<backend>" or "<backend>:<options>".
func (o *opener) openConfig(config string, most effort) (chosen choice, err error) {
	defer recoverTo(&err)
	name, options, _ := strings.Cut(config, ":")
	chosen = choice{config: config, why: fmt.Sprintf("%q was asked for", config)}
	switch {
	case name == goName || name == "gobackend":
		chosen.config = goName + ":" + goOptions(options)
		chosen.backend, err = o.openGo(options)
	case isXLAName(name) && o.openXLA == nil:
		err = errors.Errorf("%v; %s", errNoXLA, rebuild)
	case isXLAName(name) && options == "":
		chosen, failed := o.searchXLA(most)
		if failed != nil {
			return choice{}, failed
		}
		return chosen, nil
	case isXLAName(name):
		chosen.backend, err = o.openXLA(options)
	case slices.Contains(compute.List(), name):
		chosen.backend, err = compute.NewWithConfig(config)
	default:
		known := compute.List()
		slices.Sort(known)
		return choice{}, errors.Errorf("there is no backend %q: give \"\" (automatic), \"xla\", \"go\", "+
			"or a GoMLX configuration <backend>:<options> with one of %q, such as %q",
			config, known, "xla:/path/to/plugin.so")
	}
	if err != nil {
		return choice{}, errors.WithMessagef(err, "opening backend %q", config)
	}
	return chosen, nil
}

const (
	xlaName = "xla"
	goName  = "go"
)

// isXLAName reports whether name is one of the names under which go-xla registers its backend.
func isXLAName(name string) bool {
	return name == xlaName || name == "stablehlo" || name == "shlo" || name == "hlo"
}

func backendName(config string) string {
	name, _, _ := strings.Cut(config, ":")
	return name
}

// recoverTo turns a panic of GoMLX or go-xla into an error.
func recoverTo(err *error) {
	if r := recover(); r != nil {
		*err = errors.Errorf("panic: %v", r)
	}
}
