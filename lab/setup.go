package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/sparsekernel/sparsekernel/backends"
)

// SetUp makes what the lab needs and does not have yet: JupyterLab, the Go kernel and the XLA plugin, in the cache
// folder ([backends.CacheDir]), then compiled packages in Go's build cache, so that the first cells are quick. The
// versions are those of the clone's lock files: other lock files make another environment beside this one. A set-up that
// was interrupted is made anew. Two processes may do this at once.
//
// It needs the network the first time only; once all is made it takes a second or two. What the notebooks import but
// does not compile is told and is no error, since the lab is where it would be mended.
func (l *Lab) SetUp(ctx context.Context) error {
	_, err := l.setUp(ctx)
	return err
}

func (l *Lab) setUp(ctx context.Context) (environment, error) {
	env, err := l.environment()
	if err != nil {
		return env, err
	}
	if len(env.missing()) > 0 {
		unlock, err := l.lock(ctx)
		if err != nil {
			return env, err
		}
		defer unlock()
	}
	// Another process may have made it before the lock.
	if len(env.missing()) > 0 {
		if err := env.make(ctx, l.say); err != nil {
			return env, err
		}
		if err := l.fetchPlugin(); err != nil {
			return env, err
		}
		l.say("compiling what the notebooks import")
	}
	if err := l.warm(ctx); err != nil {
		if ctx.Err() != nil {
			return env, ctx.Err()
		}
		l.say("some cells will not compile: %v", err)
	}
	return env, nil
}

// fetchPlugin has the XLA plugin fetched. Where it cannot be had notebooks run in pure Go, which Open says.
func (l *Lab) fetchPlugin() error {
	backend, err := backends.Open("")
	if err != nil {
		return fmt.Errorf("opening a backend for the notebooks: %w", err)
	}
	backend.Finalize()
	return nil
}

// lock holds the cache folder against other processes that set up.
func (l *Lab) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(l.cache, 0o755); err != nil {
		return nil, fmt.Errorf("set $%s to a folder that can be written: %w", backends.CacheDirEnv, err)
	}
	file := flock.New(filepath.Join(l.cache, "setup.lock"))
	locked, err := file.TryLock()
	if err == nil && !locked {
		l.say("waiting for another process that sets up the lab")
		_, err = file.TryLockContext(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", file.Path(), err)
	}
	return func() { _ = file.Unlock() }, nil
}
