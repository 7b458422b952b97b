package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/pkg/errors"
)

// stalledAfter is how long a download may bring nothing before it counts as interrupted.
var stalledAfter = 30 * time.Second

// interruption is an error after which another attempt may succeed.
type interruption struct{ error }

func (i *interruption) Unwrap() error { return i.error }

// download makes one attempt at downloading into the file part, from its end if the server can do so.
func (f File) download(ctx context.Context, client *http.Client, part string, progress func(File, int64)) (err error) {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return errors.WithStack(err)
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
		return errors.WithStack(err)
	}
	if done == f.Size {
		return nil
	}
	if done > f.Size {
		done = 0
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(stalledAfter, func() { cancel(errors.Errorf("nothing arrived within %v", stalledAfter)) })
	defer stalled.Stop()
	body, start, err := f.request(ctx, client, done)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := out.Truncate(start); err != nil {
		return errors.WithStack(err)
	}
	if _, err := out.Seek(start, io.SeekStart); err != nil {
		return errors.WithStack(err)
	}
	counted := &counter{w: out, n: start, tell: func(n int64) {
		stalled.Reset(stalledAfter)
		progress(f, n)
	}}
	_, err = io.Copy(counted, io.LimitReader(body, f.Size-start+1))
	switch {
	case err != nil:
		return &interruption{errors.Wrapf(because(ctx, err), "offset %d of %d", counted.n, f.Size)}
	case counted.n < f.Size:
		return &interruption{errors.Errorf("offset %d: the server stopped, want %d bytes", counted.n, f.Size)}
	case counted.n > f.Size:
		return errors.Errorf("the server sends more than the %d bytes wanted", f.Size)
	}
	return nil
}

// request asks for the file from the byte done on. It returns what the server sends, and the byte at which that starts: 0
// from a server that sends the whole file all the same.
func (f File) request(ctx context.Context, client *http.Client, done int64) (body io.ReadCloser, start int64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, 0, errors.WithStack(err)
	}
	// Compressed on the way, bytes could not be counted.
	request.Header.Set("Accept-Encoding", "identity")
	if done > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", done))
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, 0, &interruption{errors.WithStack(because(ctx, err))}
	}
	start = done
	if response.StatusCode == http.StatusOK {
		start = 0
	}
	if err := f.check(response, start); err != nil {
		response.Body.Close()
		return nil, 0, err
	}
	return response.Body, start, nil
}

// check returns an error unless the response has the file's bytes from start on.
func (f File) check(response *http.Response, start int64) error {
	switch status := response.StatusCode; {
	case status == http.StatusOK:
		if n := response.ContentLength; n >= 0 && n != f.Size {
			return errors.Errorf("the server has %d bytes, want %d", n, f.Size)
		}
	case status == http.StatusPartialContent:
		if got, want := response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-%d/%d", start, f.Size-1, f.Size); got != want {
			return errors.Errorf("the server sends the range %q, want %q", got, want)
		}
	case status >= 500 || status == http.StatusTooManyRequests:
		return &interruption{errors.Errorf("the server says %s", response.Status)}
	default:
		return errors.Errorf("the server says %s", response.Status)
	}
	return nil
}

// because returns why the context was cancelled, or else the error.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
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
