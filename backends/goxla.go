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
	"time"

	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/installer"
	"github.com/gomlx/go-xla/pjrt"
	"github.com/pkg/errors"
)

// goXLAProbeLimit is how long the page with go-xla's plugins has to answer.
const goXLAProbeLimit = 4 * time.Second

// goXLASource runs go-xla's own installer, which brings the plugins for the hardware that it sees: CPU, and CUDA or TPU.
func goXLASource() source {
	return source{origin: OriginInstaller, id: "go-xla-" + pjrt.DefaultCPUVersion, fetch: fetchGoXLA}
}

func fetchGoXLA(ctx context.Context, dir string, _ effort, p *progress) ([]string, error) {
	if _, found := os.LookupEnv(xla.NoAutoInstallEnv); found {
		return nil, errors.Errorf("left out, since $%s is set", xla.NoAutoInstallEnv)
	}
	probe, cancel := context.WithTimeout(ctx, goXLAProbeLimit)
	defer cancel()
	if err := within(probe, probeGoXLA); err != nil {
		return nil, err
	}
	p.say("fetching XLA's plugin, once, with go-xla's installer")
	restore, err := redirectStdout(p)
	if err != nil {
		return nil, err
	}
	defer restore()
	installErr := within(ctx, func(context.Context) error {
		// Only the installer's download cache keeps the ".zip" by which it knows how to unpack on Windows.
		useCache := runtime.GOOS == "windows"
		return installer.AutoInstall(dir, useCache, installer.Quiet)
	})
	// One plugin may be whole though another failed.
	files, err := findPlugins(dir)
	if err == nil && len(files) == 0 {
		err = installErr
		if err == nil {
			err = errors.New("go-xla's installer left no plugin")
		}
	}
	return files, err
}

// probeGoXLA asks for what the installer will ask for: the list of files of the release, and the file.
func probeGoXLA(ctx context.Context) error {
	url, err := installer.CPUGetDownloadURL(runtime.GOOS+"_"+runtime.GOARCH, pjrt.DefaultCPUVersion)
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

// redirectStdout exchanges stdout, on which the installer shows progress and the caller's output belongs, for stderr.
func redirectStdout(p *progress) (restore func(), err error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	stdout := os.Stdout
	os.Stdout = null
	if p.terminal {
		os.Stdout = os.Stderr
	}
	return func() {
		os.Stdout = stdout
		null.Close()
	}, nil
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
