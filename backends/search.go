package backends

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Origin says where a PJRT plugin came from.
type Origin string

// The origins of a plugin, in the order in which [Open] looks for them.
const (
	OriginConfigured Origin = "configured" // named by $GOMLX_BACKEND or by the caller
	OriginInstalled  Origin = "installed"  // found by go-xla where plugins are installed
	OriginInstaller  Origin = "installer"  // fetched by go-xla's installer into the cache folder
	OriginWheel      Origin = "wheel"      // fetched from the Python wheel into the cache folder
)

// plugin is a PJRT plugin on disk.
type plugin struct {
	options string // what go-xla is given after "xla:": a name it knows or an absolute path
	path    string
	origin  Origin

	// Of a plugin in the cache only: the source's folder and what was recorded there.
	folder   string
	recorded recordedFile
}

// effort is how far a search for a plugin goes.
type effort int

const (
	look   effort = iota // at what is on this machine
	try                  // to fetch one, but give up within seconds where the network does not answer
	insist               // on fetching one
)

// searchError lists what was tried on the way to an XLA plugin.
type searchError struct {
	attempts []string
	advice   string
}

const advice = "to have XLA, start once with network and with pip for python3; or copy a plugin from another machine " +
	"and set GOMLX_BACKEND=xla:/path/to/plugin.so"

const rebuild = "to have XLA, build for linux/amd64, linux/arm64, darwin/arm64 or windows/amd64, with a C compiler and " +
	"CGO_ENABLED=1, without the tag \"noxla\""

func (e *searchError) Error() string {
	return "no XLA plugin could be opened:\n  " + strings.Join(e.attempts, "\n  ") + "\n" + e.advice
}

// line is what was tried on one line, the middle of long reasons left out.
func (e *searchError) line() string {
	const head, tail = 70, 90 // runes; the end of an error tells most
	short := make([]string, len(e.attempts))
	for i, attempt := range e.attempts {
		runes := []rune(strings.Join(strings.Fields(attempt), " "))
		if len(runes) > head+tail {
			runes = slices.Concat(runes[:head], []rune(" … "), runes[len(runes)-tail:])
		}
		short[i] = string(runes)
	}
	return strings.Join(short, "; ")
}

func (e *searchError) add(what string, err error) {
	e.attempts = append(e.attempts, fmt.Sprintf("%s: %v", what, err))
}

// searchXLA opens the first plugin that works, fetching one if there is none and the effort allows it.
func (o *opener) searchXLA(most effort) (choice, *searchError) {
	if o.openXLA == nil {
		failed := &searchError{advice: rebuild}
		failed.add("this build", errNoXLA)
		return choice{}, failed
	}
	failed := &searchError{advice: advice}
	installed, err := o.installed()
	if err == nil && len(installed) == 0 {
		err = errors.New("none")
	}
	if err != nil {
		failed.add("installed plugins", err)
	}
	for _, p := range installed {
		if chosen, ok := o.tryPlugin(p, failed); ok {
			return chosen, nil
		}
	}
	dir, err := CacheDir()
	if err != nil {
		failed.add("cache", err)
		return choice{}, failed
	}
	if chosen, ok := o.tryCache(dir, failed); ok {
		return chosen, nil
	}
	if most > look {
		if chosen, ok := o.setUp(dir, most, failed); ok {
			return chosen, nil
		}
	}
	return choice{}, failed
}

// tryCache opens the first plugin in the cache folder dir that works.
func (o *opener) tryCache(dir string, failed *searchError) (choice, bool) {
	for _, s := range o.sources {
		folder := filepath.Join(dir, s.id)
		files, err := readRecord(folder)
		if err != nil {
			failed.add("cache", err)
		}
		for _, f := range files {
			path := filepath.Join(folder, f.File)
			if err := misread(path); err != nil {
				failed.add("cache", err)
				continue
			}
			p := plugin{options: path, path: path, origin: s.origin, folder: folder, recorded: f}
			if chosen, ok := o.tryPlugin(p, failed); ok {
				return chosen, true
			}
		}
	}
	return choice{}, false
}

func (o *opener) tryPlugin(p plugin, failed *searchError) (choice, bool) {
	backend, err := o.openXLA(p.options)
	if err != nil {
		failed.add(p.path, err)
		return choice{}, false
	}
	return choice{
		backend: backend,
		config:  xlaName + ":" + p.options,
		plugin:  p,
		why:     "the first plugin that could be opened",
	}, true
}

// misread returns an error for a path that go-xla would take for another kind of plugin, since it judges by the words
// in the whole path: a CPU plugin under /home/nvidia would get the options and operations of CUDA.
func misread(path string) error {
	dir, file := filepath.Split(strings.ToLower(path))
	words := []string{",", "cpu"}
	if strings.Contains(file, "cpu") {
		words = []string{",", "cuda", "nvidia"}
	}
	for _, word := range words {
		if strings.Contains(dir, word) {
			return errors.Errorf("go-xla misreads a path with %q such as %s: set $%s to another folder",
				word, path, CacheDirEnv)
		}
	}
	return nil
}
