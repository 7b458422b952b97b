package fetch_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sparsekernel/sparsekernel/datasets/fetch"
	"github.com/stretchr/testify/require"
)

func init() { fetch.RetryAtOnce() }

var content = bytes.Repeat([]byte("sparse kernel "), 10_000)

// server serves the content by a handler, which it tells the number of the request, from 1.
type server struct {
	*httptest.Server
	asked    int // Requests that were made, whether or not they arrived.
	requests int
	ranges   []string
}

func serve(t *testing.T, handler func(w http.ResponseWriter, r *http.Request, request int)) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests++
		s.ranges = append(s.ranges, r.Header.Get("Range"))
		handler(w, r, s.requests)
	}))
	t.Cleanup(s.Close)
	return s
}

func whole(w http.ResponseWriter, r *http.Request, _ int) {
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// cut sends part of what is asked for, and breaks the connection.
func cut(w http.ResponseWriter, bytes int) {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content[:bytes])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func (s *server) file() fetch.File {
	sum := sha256.Sum256(content)
	return fetch.File{Name: "data.bin", URL: s.URL + "/data.bin", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

func (s *server) fetch(dir string) error {
	client := *s.Client()
	client.Transport = counting{client.Transport, &s.asked}
	return fetch.All(context.Background(), &client, dir, []fetch.File{s.file()}, nil)
}

// counting counts requests.
type counting struct {
	http.RoundTripper
	n *int
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	*c.n++
	return c.RoundTripper.RoundTrip(r)
}

// requireWhole requires the file to be there, and nothing else.
func requireWhole(t *testing.T, dir string) {
	got, err := os.ReadFile(filepath.Join(dir, "data.bin"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, got))
	require.NoFileExists(t, filepath.Join(dir, "data.bin.part"))
}

func TestFetch(t *testing.T) {
	s := serve(t, whole)
	dir := filepath.Join(t.TempDir(), "new", "folder")
	var last int64
	err := fetch.All(t.Context(), s.Client(), dir, []fetch.File{s.file()}, func(file fetch.File, done int64) {
		require.Equal(t, "data.bin", file.Name)
		require.Greater(t, done, last)
		last = done
	})
	require.NoError(t, err)
	require.Equal(t, int64(len(content)), last)
	requireWhole(t, dir)
	require.NoError(t, s.file().Verify(dir))
	require.NoError(t, s.fetch(dir))
	require.Equal(t, 1, s.requests, "a file that is there needs no network")
}

func TestFetchResumesAfterInterruption(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request, request int) {
		if request == 1 {
			cut(w, 50_000)
		}
		whole(w, r, request)
	})
	dir := t.TempDir()
	require.NoError(t, s.fetch(dir))
	requireWhole(t, dir)
	require.Len(t, s.ranges, 2)
	require.Regexp(t, `^bytes=[1-9]\d*-$`, s.ranges[1])
}

// A process that was killed leaves a part, from which the next one goes on.
func TestFetchResumesAnotherProcess(t *testing.T) {
	s := serve(t, whole)
	dir := t.TempDir()
	part := filepath.Join(dir, "data.bin.part")
	require.NoError(t, os.WriteFile(part, content[:777], 0o644))
	require.NoError(t, s.fetch(dir))
	requireWhole(t, dir)
	require.Equal(t, []string{"bytes=777-"}, s.ranges)

	require.NoError(t, os.Rename(filepath.Join(dir, "data.bin"), part)) // all of it, but not yet under its name
	require.NoError(t, s.fetch(dir))
	requireWhole(t, dir)
	require.Equal(t, 1, s.requests)

	require.NoError(t, os.Rename(filepath.Join(dir, "data.bin"), part)) // more than all of it
	require.NoError(t, os.WriteFile(part, append(bytes.Clone(content), 1), 0o644))
	require.NoError(t, s.fetch(dir))
	requireWhole(t, dir)
	require.Equal(t, []string{"bytes=777-", ""}, s.ranges)
}

func TestFetchFromServerWithoutRange(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, request int) {
		if request == 1 {
			cut(w, 50_000)
		}
		_, _ = w.Write(content)
	})
	dir := t.TempDir()
	require.NoError(t, s.fetch(dir))
	requireWhole(t, dir)
}

func TestFetchErrors(t *testing.T) {
	for name, c := range map[string]struct {
		handler  func(w http.ResponseWriter, r *http.Request, request int)
		want     string
		requests int
		part     bool // whether what has arrived is kept
	}{
		"not found": {func(w http.ResponseWriter, r *http.Request, _ int) { http.NotFound(w, r) }, "404 Not Found", 1, true},
		"overloaded": {func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusServiceUnavailable) },
			"503 Service Unavailable", 4, true},
		"too short": {func(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = w.Write(content[:1000]) },
			"the server has 1000 bytes, want 140000", 1, true},
		"too long, unannounced": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.(http.Flusher).Flush()
			_, _ = w.Write(append(bytes.Clone(content), "more"...))
		}, "more than the 140000 bytes wanted", 1, true},
		"too short, unannounced": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.(http.Flusher).Flush()
			_, _ = w.Write(content[:1000])
		}, "offset 1000: the server stopped, want 140000 bytes", 4, true},
		"altered": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			altered := bytes.Clone(content)
			altered[5] ^= 1
			_, _ = w.Write(altered)
		}, "the download is refused", 1, false},
		"interrupted each time": {func(w http.ResponseWriter, _ *http.Request, _ int) { cut(w, 1000) }, "offset", 4, true},
		"another part": {func(w http.ResponseWriter, r *http.Request, request int) {
			if request == 1 {
				cut(w, 1000)
			}
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
		}, `the server sends the range "bytes 0-9/10"`, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.handler)
			dir := t.TempDir()
			err := s.fetch(dir)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, s.URL)
			require.ErrorContains(t, err, "to do without network")
			require.Equal(t, c.requests, s.requests)
			require.NoFileExists(t, filepath.Join(dir, "data.bin"), "never a file that is not whole")
			_, err = os.Stat(filepath.Join(dir, "data.bin.part"))
			require.Equal(t, c.part, err == nil)
		})
	}
}

func TestFetchFromSilentServer(t *testing.T) {
	fetch.StalledAfter(t, 200*time.Millisecond)
	s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	require.ErrorContains(t, s.fetch(t.TempDir()), "nothing arrived within 200ms")
	require.Equal(t, 4, s.asked)
}

func TestFetchNoServer(t *testing.T) {
	s := serve(t, whole)
	s.Close()
	require.ErrorContains(t, s.fetch(t.TempDir()), "connection refused")
}

func TestFetchCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		_, _ = w.Write(content[:1000])
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	err := fetch.All(ctx, s.Client(), t.TempDir(), []fetch.File{s.file()}, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, s.requests)
}

func TestFetchFileOfOtherSize(t *testing.T) {
	s := serve(t, whole)
	dir := t.TempDir()
	path := filepath.Join(dir, "data.bin")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o644))
	require.ErrorContains(t, s.fetch(dir), "has 4 bytes, want 140000: delete it to fetch it again")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), len(content)), 0o644))
	require.NoError(t, s.fetch(dir))
	require.ErrorContains(t, s.file().Verify(dir), "has SHA-256")
	require.Zero(t, s.requests)
}

// Two at once fetch the file once.
func TestFetchTogether(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request, request int) {
		time.Sleep(50 * time.Millisecond)
		whole(w, r, request)
	})
	dir := t.TempDir()
	var group sync.WaitGroup
	failures := make([]error, 3)
	for i := range failures {
		group.Go(func() { failures[i] = s.fetch(dir) })
	}
	group.Wait()
	require.Equal(t, make([]error, 3), failures)
	require.Equal(t, 1, s.requests)
	requireWhole(t, dir)
}

func ExampleAll() {
	text := "0 1\n1 2\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}))
	defer server.Close()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	sum := sha256.Sum256([]byte(text))
	files := []fetch.File{{Name: "graph.txt", URL: server.URL, Size: 8, SHA256: hex.EncodeToString(sum[:])}}
	err = fetch.All(context.Background(), http.DefaultClient, dir, files, func(file fetch.File, done int64) {
		fmt.Printf("%s: %d of %d bytes\n", file.Name, done, file.Size)
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// graph.txt: 8 of 8 bytes
}
