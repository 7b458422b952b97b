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

// lock makes this process the only writer of the run's folder until unlock is called. If another one is, it waits for
// it to end or for ctx, or, without wait, returns a [LockedError].
func lock(ctx context.Context, dir string, wait bool) (unlock func() error, err error) {
	held := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o644))
	// Readers look at the lock for an instant (holderOf), and who has just taken it may not have written its name yet:
	// a few tries tell those from a holder.
	ok := false
	for try := 0; try < 5 && !ok && err == nil; try++ {
		if try > 0 {
			time.Sleep(20 * time.Millisecond)
		}
		ok, err = held.TryLock()
	}
	if err == nil && !ok && wait {
		ok, err = held.TryLockContext(ctx, 200*time.Millisecond)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("waiting for %s: %w", dir, err)
	case err != nil:
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	case !ok:
		return nil, &LockedError{Dir: dir, Holder: readHolder(dir)}
	}
	if err := writeHolder(dir); err != nil {
		return nil, errors.Join(err, held.Unlock())
	}
	return held.Unlock, nil
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
