package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/datasets/fetch"
)

// holdOutSeed chooses the examples that a [Spec] holds out: the same in all runs, so that none trains on what another is
// judged by.
const holdOutSeed = 1

// FetchData reads the spec's data set, so that training finds it. Where no folder is given it is looked for in the user's
// cache, into which what is missing is downloaded; progress, which may be nil, is told how many bytes of which file have
// arrived. Training does the same by itself, without a word.
func (s Spec) FetchData(ctx context.Context, progress func(file fetch.File, done int64)) error {
	if _, err := opened.open(ctx, s.Data, s.DataDir, progress); err != nil {
		return fmt.Errorf("reading the data: %w", err)
	}
	return nil
}

// openData reads the spec's data set, with what it holds out.
func (s Spec) openData(ctx context.Context) (*datasets.Set, error) {
	set, err := opened.open(ctx, s.Data, s.DataDir, nil)
	if err == nil && s.HoldOut > 0 {
		set, err = set.HoldOut(s.HoldOut, holdOutSeed)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the data: %w", err)
	}
	return set, nil
}

// lastOpened keeps the data set that was opened last, since runs that follow each other mostly share it. Sets are only read.
type lastOpened struct {
	lock      sync.Mutex
	name, dir string
	set       *datasets.Set // Nil if there is none.
}

var opened lastOpened

func (o *lastOpened) open(ctx context.Context, name, dir string, progress func(fetch.File, int64)) (*datasets.Set, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if o.set != nil && o.name == name && o.dir == dir {
		return o.set, nil
	}
	read := func() (*datasets.Set, error) { return datasets.Open(name, dir) }
	if dir == "" && data[name].folder != "" {
		read = func() (*datasets.Set, error) { return openCached(ctx, name, progress) }
	}
	set, err := read()
	if err != nil {
		return nil, err
	}
	o.name, o.dir, o.set = name, dir, set
	return set, nil
}

// openCached opens a data set in the user's cache, and downloads it if it is not there.
func openCached(ctx context.Context, name string, progress func(fetch.File, int64)) (*datasets.Set, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the user's cache, where no folder for the data is given: %w", err)
	}
	folder := filepath.Join(cache, "sparsekernel", "datasets", data[name].folder)
	set, missing := datasets.Open(name, folder)
	if missing == nil {
		return set, nil // It may have been put there by hand.
	}
	if err := datasets.Fetch(ctx, name, folder, progress); err != nil {
		return nil, fmt.Errorf("%w (without a folder for the data: %w)", err, missing)
	}
	return datasets.Open(name, folder)
}
