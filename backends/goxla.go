//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64) || (windows && amd64)) && !noxla

package backends

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gomlx/go-xla/installer"
	"github.com/pkg/errors"
)

// goXLAProbeLimit is how long the page with go-xla's plugins has to answer.
const goXLAProbeLimit = 4 * time.Second

// goXLASource runs go-xla's own installer, which brings the plugins for the hardware that it sees: CPU, and CUDA or TPU.
func goXLASource() source {
	return source{origin: OriginInstaller, id: "go-xla-" + goXLAVersion, fetch: fetchGoXLA}
}

func fetchGoXLA(ctx context.Context, dir string, _ bool, p *progress) ([]string, error) {
	probe, cancel := context.WithTimeout(ctx, goXLAProbeLimit)
	defer cancel()
	if err := within(probe, probeGoXLA); err != nil {
		return nil, err
	}
	p.say("fetching XLA's plugin once with go-xla's installer into %s", dir)
	installErr := within(ctx, func(context.Context) error { return installGoXLA(dir, p) })
	// One plugin may be complete though another failed.
	files, err := findPlugins(dir)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 && installErr == nil {
		installErr = errors.New("go-xla's installer left no plugin")
	}
	if len(files) == 0 {
		return nil, installErr
	}
	return files, nil
}

// probeGoXLA asks for what the installer will ask for: the list of files of the release, and the file.
func probeGoXLA(ctx context.Context) error {
	url, err := installer.CPUGetDownloadURL(runtime.GOOS+"_"+runtime.GOARCH, goXLAVersion)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return errors.WithStack(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return errors.WithStack(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

var stdoutMu sync.Mutex

// installGoXLA runs the installer. It writes progress on stdout, where the caller's output belongs, so that stdout is
// exchanged for stderr while it runs.
func installGoXLA(dir string, p *progress) error {
	stdoutMu.Lock()
	defer stdoutMu.Unlock()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return errors.WithStack(err)
	}
	defer null.Close()
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	os.Stdout = null
	if p.terminal {
		os.Stdout = os.Stderr
	}
	// Only its download cache keeps the ".zip" that tells the installer how to unpack on Windows.
	useCache := runtime.GOOS == "windows"
	return installer.AutoInstall(dir, useCache, installer.Quiet)
}

var pluginName = regexp.MustCompile(`^pjrt_c_api_.+_plugin\.(so|dylib|dll)$`)

// findPlugins returns the plugins under dir relative to it, those for accelerators first.
func findPlugins(dir string) (files []string, err error) {
	var cpu []string
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !pluginName.MatchString(entry.Name()) {
			return err
		}
		file, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(entry.Name(), "pjrt_c_api_cpu_") {
			cpu = append(cpu, file)
		} else {
			files = append(files, file)
		}
		return nil
	})
	return append(files, cpu...), errors.WithStack(err)
}

// within runs f and returns when it ends, panics, or the context does: f's own requests have no time limit.
func within(ctx context.Context, f func(context.Context) error) error {
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }()
		defer recoverTo(&err)
		err = f(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errors.New("no answer in time")
	}
}
