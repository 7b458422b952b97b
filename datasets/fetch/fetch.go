// Package fetch downloads files once: it checks them, resumes what was interrupted, and leaves either the whole file or
// none under its name.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// attempts is how often a download is taken up again after an interruption before the error is returned.
const attempts = 4

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
		again, err := f.attempt(ctx, client, part, progress)
		if err == nil {
			break
		}
		if !again || attempt == attempts || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(attempt) * retryPause):
		}
	}
	if err := f.verify(part); err != nil {
		os.Remove(part) // or the next attempt would go on from bytes that are wrong
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

// stalledAfter is how long a download may bring nothing before it counts as interrupted.
var stalledAfter = 30 * time.Second

// retryPause is how long the first pause is between attempts.
var retryPause = time.Second

// attempt downloads into the file part, from its end if the server can do so. It says whether to try again after an error.
func (f File) attempt(ctx context.Context, client *http.Client, part string, progress func(File, int64)) (again bool, err error) {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return false, errors.WithStack(err)
	}
	defer func() {
		if err == nil {
			err = out.Sync()
		}
		if closeErr := out.Close(); err == nil {
			err = errors.WithStack(closeErr)
		}
	}()
	done, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return false, errors.WithStack(err)
	}
	if done == f.Size {
		return false, nil
	}
	if done > f.Size {
		done = 0
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(stalledAfter, func() { cancel(errors.Errorf("nothing arrived within %v", stalledAfter)) })
	defer stalled.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return false, errors.WithStack(err)
	}
	// Compressed on the way, bytes could not be counted.
	request.Header.Set("Accept-Encoding", "identity")
	if done > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", done))
	}
	response, err := client.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return true, errors.WithStack(err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusPartialContent:
		if got, want := response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-%d/%d", done, f.Size-1, f.Size); got != want {
			return false, errors.Errorf("the server sends the range %q, want %q", got, want)
		}
	case http.StatusOK: // the whole file, also where a part was asked for
		done = 0
		if n := response.ContentLength; n >= 0 && n != f.Size {
			return false, errors.Errorf("the server has %d bytes, want %d", n, f.Size)
		}
	default:
		return response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests,
			errors.Errorf("the server says %s", response.Status)
	}
	if err := out.Truncate(done); err != nil {
		return false, errors.WithStack(err)
	}
	if _, err := out.Seek(done, io.SeekStart); err != nil {
		return false, errors.WithStack(err)
	}
	counted := &counter{w: out, n: done, tell: func(n int64) {
		stalled.Reset(stalledAfter)
		progress(f, n)
	}}
	if _, err := io.Copy(counted, io.LimitReader(response.Body, f.Size-done+1)); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return true, errors.Wrapf(err, "offset %d of %d", counted.n, f.Size)
	}
	if counted.n < f.Size {
		return true, errors.Errorf("offset %d: the server stopped, want %d bytes", counted.n, f.Size)
	}
	if counted.n > f.Size {
		return false, errors.Errorf("the server sends more than the %d bytes wanted", f.Size)
	}
	return false, nil
}

// counter counts the bytes it writes.
type counter struct {
	w    io.Writer
	n    int64
	tell func(n int64)
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.tell(c.n)
	return n, err
}
