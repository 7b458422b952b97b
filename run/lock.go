package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// Names of the files that keep a run to one writer. The operating system holds the lock on lockFile for the process
// that has it, and frees it when that process ends, however it ends; holderFile says to people who that is, and means
// nothing while the lock is free.
const (
	lockFile   = "lock"
	holderFile = "holder.json"
)

// Holder is the process that trains a run.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// LockedError says that another process has the run.
type LockedError struct {
	Dir    string
	Holder Holder
}

// Error implements error.
func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is being trained by process %d on %s since %s: wait for it (--wait), or end it there with "+
		"`kill -INT %d`, which saves first, and try again",
		e.Dir, e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.DateTime), e.Holder.PID)
}

// lock makes this process the only writer of the run's folder until unlock is called. If another one is, the error is a
// [LockedError].
func lock(dir string) (unlock func() error, err error) {
	held := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o644))
	// Readers look at the lock for an instant (holderOf), and who has just taken it may not have written its name yet:
	// a few tries tell those from a holder.
	ok, err := held.TryLock()
	for try := 0; try < 4 && !ok && err == nil; try++ {
		time.Sleep(20 * time.Millisecond)
		ok, err = held.TryLock()
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if !ok {
		return nil, &LockedError{Dir: dir, Holder: readHolder(dir)}
	}
	if err := writeHolder(dir); err != nil {
		return nil, errors.Join(err, held.Unlock())
	}
	return held.Unlock, nil
}

// lock locks the run's folder. If another process has it, it waits for that one to end, or for ctx, if it is to.
func (r *Run) lock(ctx context.Context) (unlock func() error, err error) {
	unlock, err = lock(r.dir)
	var locked *LockedError
	for told := false; r.wait && errors.As(err, &locked); told = true {
		if !told {
			r.note("waiting for process %d on %s, which trains %s", locked.Holder.PID, locked.Holder.Host, r.dir)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for %s: %w", r.dir, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
		unlock, err = lock(r.dir)
	}
	return unlock, err
}

// writeHolder names this process as the holder.
func writeHolder(dir string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	data, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Since: time.Now().Truncate(time.Second)})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, holderFile), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("locking %s: %w", dir, err)
	}
	return nil
}

// readHolder returns who last had the lock, as far as it can be read.
func readHolder(dir string) Holder {
	holder := Holder{Host: "an unknown host"}
	if data, err := os.ReadFile(filepath.Join(dir, holderFile)); err == nil {
		_ = json.Unmarshal(data, &holder) // What does not parse names nobody.
	}
	return holder
}

// holderOf returns the process that has the lock, nil if none has: also if one that had it was killed, or the machine
// was restarted. It changes nothing on disk.
func holderOf(dir string) (*Holder, error) {
	looked := flock.New(filepath.Join(dir, lockFile), flock.SetFlag(os.O_RDONLY))
	free, err := looked.TryRLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil // Never trained.
	case err != nil:
		return nil, fmt.Errorf("looking whether %s is being trained: %w", dir, err)
	case free:
		return nil, looked.Unlock()
	}
	holder := readHolder(dir)
	return &holder, nil
}
