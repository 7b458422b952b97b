// Package fetch downloads files once: it checks them, resumes what was interrupted, and leaves either the whole file or
// none under its name.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/pkg/errors"
)

// File is a file to download.
type File struct {
	Name   string // in the folder
	URL    string
	Size   int64  // bytes
	SHA256 string // hexadecimal
}

// partSuffix ends the name of a file that is not complete.
const partSuffix = ".part"

// attempts is how often a download is tried while it is interrupted.
const attempts = 4

// retryPause is how long the first pause is between attempts.
var retryPause = time.Second

// All makes sure that the files are in dir, which is made if need be. A file that is there with its size is left alone;
// [File.Verify] looks at its bytes. Progress is told to the function, which may be nil; it is called from this goroutine.
func All(ctx context.Context, client *http.Client, dir string, files []File, progress func(file File, done int64)) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return errors.Wrap(err, "making the folder of the download")
	}
	for _, file := range files {
		if err := file.fetch(ctx, client, dir, progress); err != nil {
			return errors.WithMessagef(err, "fetching %s from %s (put the file into %s to do without network)", file.Name, file.URL, dir)
		}
	}
	return nil
}

// Verify compares the file in dir with its checksum.
func (f File) Verify(dir string) error { return f.verify(filepath.Join(dir, f.Name)) }

func (f File) verify(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return errors.WithStack(err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return errors.Wrapf(err, "reading %s", path)
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); sum != f.SHA256 {
		return errors.Errorf("%s has SHA-256 %s, want %s", path, sum, f.SHA256)
	}
	return nil
}

func (f File) fetch(ctx context.Context, client *http.Client, dir string, progress func(File, int64)) error {
	path := filepath.Join(dir, f.Name)
	if there, err := f.isIn(path); there || err != nil {
		return err
	}
	// Of several processes, one downloads and the others find the file.
	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return errors.Wrapf(err, "waiting for %s", lock.Path())
	}
	defer lock.Unlock()
	if there, err := f.isIn(path); there || err != nil {
		return err
	}
	if progress == nil {
		progress = func(File, int64) {}
	}
	part := path + partSuffix
	for attempt := 1; ; attempt++ {
		err := f.download(ctx, client, part, progress)
		if err == nil {
			break
		}
		var again *interruption
		if !errors.As(err, &again) || attempt == attempts || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(attempt) * retryPause):
		}
	}
	if err := f.verify(part); err != nil {
		os.Remove(part) // or the next download would go on from bytes that are wrong
		return errors.WithMessage(err, "the download is refused")
	}
	return errors.WithStack(os.Rename(part, path))
}

// isIn tells whether the file is at the path. One of another size is an error.
func (f File) isIn(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err == nil && info.Size() != f.Size {
		err = errors.Errorf("%s has %d bytes, want %d: delete it to fetch it again", path, info.Size(), f.Size)
	}
	return err == nil, errors.WithStack(err)
}
