package backends

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/pkg/errors"
)

// source is a way to fetch plugins over the network.
type source struct {
	origin Origin
	id     string // folder in the cache; names the version, so that a new version is fetched anew
	// fetch leaves plugins in dir, which is empty and belongs to it alone, and returns their paths relative to dir, the
	// preferred one first.
	fetch func(ctx context.Context, dir string, most effort, p *progress) (files []string, err error)
}

const (
	// fetchLimit bounds one source, for networks that answer but never finish.
	fetchLimit = 15 * time.Minute
	// After a failure that took longer than slowFailure, automatic selection leaves the network alone for retryAfter, so
	// that behind a firewall only the first start is slow.
	slowFailure = 2 * time.Second
	retryAfter  = 10 * time.Minute

	failureName = "failure.json"
	lockName    = "setup.lock"
)

// failure is the record of the last set-up that failed.
type failure struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Reason  string    `json:"reason"`
}

// readFailure returns the last failure to set up the cache folder dir, nil if it did not fail.
func readFailure(dir string) *failure {
	data, err := os.ReadFile(filepath.Join(dir, failureName))
	if err != nil {
		return nil
	}
	var f failure
	if json.Unmarshal(data, &f) != nil {
		return nil
	}
	return &f
}

// setUp fetches a plugin into the cache folder dir, or waits for another process that does, and opens it.
func (o *opener) setUp(dir string, most effort, failed *searchError) (choice, bool) {
	if last := readFailure(dir); last != nil && most < insist && last.Seconds > slowFailure.Seconds() {
		if again := last.At.Add(retryAfter); time.Now().Before(again) {
			failed.add("fetching", errors.Errorf("failed at %s, is tried again after %s or when XLA is asked for by name",
				last.At.Format(time.TimeOnly), again.Format(time.TimeOnly)))
			return choice{}, false
		}
	}
	p := newProgress(o.stderr)
	unlock, err := lock(dir, p)
	if err != nil {
		failed.add("cache", err)
		return choice{}, false
	}
	defer unlock()
	// Another process may have been here between the first look and the lock.
	if chosen, ok := o.tryCache(dir, &searchError{}); ok {
		return chosen, true
	}
	start := time.Now()
	for _, s := range o.sources {
		folder := filepath.Join(dir, s.id)
		if files, err := readRecord(folder); err == nil && len(files) > 0 {
			continue // It is whole but does not open, and fetching the same again would not help.
		}
		err := misread(filepath.Join(folder, "cpu.so"))
		if err == nil {
			err = s.setUp(folder, most, p)
		}
		if err != nil {
			failed.add(string(s.origin), err)
			continue
		}
		if chosen, ok := o.tryCache(dir, failed); ok {
			_ = os.Remove(filepath.Join(dir, failureName))
			return chosen, true
		}
	}
	data, err := json.Marshal(failure{At: time.Now(), Seconds: time.Since(start).Seconds(), Reason: failed.line()})
	if err == nil {
		// Where this cannot be written, the next start tries again.
		_ = os.WriteFile(filepath.Join(dir, failureName), data, 0o644)
	}
	return choice{}, false
}

// setUp fetches the source's plugins into folder and records them. Whatever fails leaves no folder.
func (s source) setUp(folder string, most effort, p *progress) (err error) {
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
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
	defer cancel()
	files, err := s.fetch(ctx, folder, most, p)
	if err != nil {
		return err
	}
	return writeRecord(folder, files)
}

// lock creates the cache folder dir and holds it against other processes that set up.
func lock(dir string, p *progress) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, errors.Wrapf(err, "set $%s to a folder that can be written", CacheDirEnv)
	}
	l := flock.New(filepath.Join(dir, lockName))
	locked, err := l.TryLock()
	if err == nil && !locked {
		p.say("waiting for another process that is setting up XLA")
		ctx, cancel := context.WithTimeout(context.Background(), 2*fetchLimit)
		defer cancel()
		_, err = l.TryLockContext(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return nil, errors.Wrapf(err, "locking %s; set $%s to a folder that can be written", l.Path(), CacheDirEnv)
	}
	return func() { _ = l.Unlock() }, nil
}
