package backends

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
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
	Path    string
	Origin  Origin
}

// source is a way to fetch plugins over the network.
type source struct {
	origin Origin
	id     string // folder in the cache; names the version, so that a new version is fetched anew
	// fetch leaves plugins in dir, which is empty and belongs to it alone, and returns their paths relative to dir, the
	// preferred one first. With patient false it gives up within seconds where the network does not answer.
	fetch func(ctx context.Context, dir string, patient bool, p *progress) (files []string, err error)
}

const (
	setUpLimit = 15 * time.Minute
	// retryAfter is how long automatic selection does not try the network again after it failed, so that offline every
	// start but the first is instant.
	retryAfter = time.Hour
	failedName = "failed.txt"
	lockName   = "setup.lock"
)

// searchError lists what was tried on the way to an XLA plugin.
type searchError struct {
	attempts []string
	advice   string
}

func (e *searchError) Error() string {
	return "no XLA plugin could be opened: " + strings.Join(e.attempts, "; ") + ". " + e.advice
}

func (e *searchError) add(what string, err error) {
	e.attempts = append(e.attempts, fmt.Sprintf("%s: %v", what, err))
}

// searchXLA opens the first plugin that works, fetching one if there is none. Insist is set when XLA was asked for
// by name: then slow networks and earlier failures are no reason to give up.
func (o *opener) searchXLA(insist bool) (choice, error) {
	if o.openXLA == nil {
		return choice{}, errNoXLA
	}
	failed := &searchError{advice: "What to do: connect to the network and install pip for python3; " +
		"or, offline, copy a plugin from another machine and set GOMLX_BACKEND=xla:/path/to/plugin.so"}
	installed, err := o.installed()
	if err != nil {
		failed.add("installed plugins", err)
	} else if len(installed) == 0 {
		failed.add("installed plugins", errors.New("none"))
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
	if chosen, ok := o.setUp(dir, insist, failed); ok {
		return chosen, nil
	}
	return choice{}, failed
}

func (o *opener) tryPlugin(p plugin, failed *searchError) (choice, bool) {
	backend, err := o.openXLA(p.options)
	if err != nil {
		failed.add(p.Path, err)
		return choice{}, false
	}
	return choice{backend: backend, config: xlaName + ":" + p.options, plugin: p,
		why: fmt.Sprintf("%s (%s)", p.Path, p.Origin)}, true
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
			if chosen, ok := o.tryPlugin(plugin{options: path, Path: path, Origin: s.origin}, failed); ok {
				return chosen, true
			}
		}
	}
	return choice{}, false
}

// setUp fetches a plugin into the cache folder dir, or waits for another process that does, and opens it.
func (o *opener) setUp(dir string, insist bool, failed *searchError) (choice, bool) {
	failedPath := filepath.Join(dir, failedName)
	if info, err := os.Stat(failedPath); err == nil && !insist && time.Since(info.ModTime()) < retryAfter {
		failed.add("fetching", errors.Errorf("it failed at %s and is tried again after %s, or at once by asking for \"xla\"",
			info.ModTime().Format(time.TimeOnly), info.ModTime().Add(retryAfter).Format(time.TimeOnly)))
		return choice{}, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), setUpLimit)
	defer cancel()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		failed.add("cache", errors.Wrapf(err, "set $%s to a folder that can be written", CacheDirEnv))
		return choice{}, false
	}
	p := newProgress(o.stderr)
	defer p.close()
	unlock, err := lock(ctx, filepath.Join(dir, lockName), p)
	if err != nil {
		failed.add("cache", errors.Wrapf(err, "set $%s to a folder that can be written", CacheDirEnv))
		return choice{}, false
	}
	defer unlock()
	if chosen, ok := o.tryCache(dir, &searchError{}); ok {
		return chosen, true
	}
	for _, s := range o.sources {
		folder := filepath.Join(dir, s.id)
		if files, err := readRecord(folder); err == nil && len(files) > 0 {
			continue // complete, but it did not open: fetching the same again would not help
		}
		if err := s.setUp(ctx, folder, insist, p); err != nil {
			failed.add(string(s.origin), err)
			continue
		}
		if chosen, ok := o.tryCache(dir, failed); ok {
			os.Remove(failedPath)
			return chosen, true
		}
	}
	// Without this file the next start just tries again.
	_ = os.WriteFile(failedPath, []byte(failed.Error()+"\n"), 0o644)
	return choice{}, false
}

// setUp fetches the source's plugins into folder and records them. Whatever fails leaves no folder.
func (s source) setUp(ctx context.Context, folder string, patient bool, p *progress) (err error) {
	if err := os.RemoveAll(folder); err != nil {
		return errors.WithStack(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return errors.WithStack(err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(folder)
		}
	}()
	files, err := s.fetch(ctx, folder, patient, p)
	if err != nil {
		return err
	}
	return writeRecord(folder, files)
}

// lock holds the cache folder against other processes that set up.
func lock(ctx context.Context, path string, p *progress) (unlock func(), err error) {
	l := flock.New(path)
	locked, err := l.TryLock()
	if err == nil && !locked {
		p.say("waiting for another process that is setting up XLA")
		locked, err = l.TryLockContext(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return nil, errors.Wrapf(err, "locking %s", path)
	}
	if !locked {
		return nil, errors.Errorf("%s is held by another process", path)
	}
	return func() { _ = l.Unlock() }, nil
}
