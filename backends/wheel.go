package backends

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// wheel is a Python wheel that holds a PJRT plugin, pinned by the SHA-256 of the whole file.
type wheel struct {
	name, version string
	platform      string // Python's name of the platform it was built for
	sha256        string
	size          int64  // bytes
	plugin        string // its path in the wheel
}

// pipFirstByte is how long automatic selection waits for pip to start and its index to answer.
const pipFirstByte = 10 * time.Second

// pinnedWheels are the builds of the XLA CPU plugin that the OpenXLA authors publish for Python, for GOOS/GOARCH.
// They need glibc 2.27 or newer.
var pinnedWheels = map[string]wheel{
	"linux/amd64": {
		name: "xla-cpu-pjrt", version: "0.0.1", platform: "manylinux_2_27_x86_64",
		sha256: "55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc", size: 63461052,
		plugin: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
	},
	"linux/arm64": {
		name: "xla-cpu-pjrt", version: "0.0.1", platform: "manylinux_2_27_aarch64",
		sha256: "8f613be6e891858f40d64f9799319502fff42689661944fc18a6ffd8210b30c9", size: 49514947,
		plugin: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
	},
}

// wheelSource fetches the pinned wheel for this platform with pip.
func wheelSource() source {
	w, found := pinnedWheels[platform()]
	if !found {
		return source{origin: OriginWheel, id: "wheel", fetch: func(context.Context, string, effort, *progress) ([]string, error) {
			return nil, errors.Errorf("there is no wheel with an XLA plugin for %s", platform())
		}}
	}
	return w.source(pipDownload)
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// downloader leaves the wheel in dir, under any name, and may use dir for temporary files.
type downloader func(ctx context.Context, w wheel, dir string, most effort, p *progress) error

func (w wheel) source(download downloader) source {
	return source{origin: OriginWheel, id: w.name + "-" + w.version,
		fetch: func(ctx context.Context, dir string, most effort, p *progress) ([]string, error) {
			downloads := filepath.Join(dir, "download")
			if err := os.Mkdir(downloads, 0o755); err != nil {
				return nil, errors.WithStack(err)
			}
			if err := download(ctx, w, downloads, most, p); err != nil {
				return nil, err
			}
			file, err := w.find(downloads)
			if err != nil {
				return nil, err
			}
			if err := w.unpack(file, dir); err != nil {
				return nil, err
			}
			return []string{path.Base(w.plugin)}, errors.WithStack(os.RemoveAll(downloads))
		}}
}

// find returns the one wheel in dir after comparing it with the pinned hash.
func (w wheel) find(dir string) (string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", errors.WithStack(err)
	}
	var files []string
	for _, entry := range list {
		if filepath.Ext(entry.Name()) == ".whl" {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	if len(files) != 1 {
		return "", errors.Errorf("the download of %s %s left %d wheels instead of one", w.name, w.version, len(files))
	}
	sum, err := fileSHA256(files[0])
	if err != nil {
		return "", err
	}
	if sum != w.sha256 {
		return "", errors.Errorf("the downloaded %s is refused: its SHA-256 is %s instead of the pinned %s, "+
			"so it is truncated or altered; try again, or look at what answers for the package index",
			filepath.Base(files[0]), sum, w.sha256)
	}
	return files[0], nil
}

// unpack writes the plugin in the wheel file into dir.
func (w wheel) unpack(file, dir string) error {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return errors.Wrapf(err, "opening %s", file)
	}
	defer archive.Close()
	in, err := archive.Open(w.plugin)
	if err != nil {
		return errors.Wrapf(err, "%s has no %s", file, w.plugin)
	}
	defer in.Close()
	target := filepath.Join(dir, path.Base(w.plugin))
	out, err := os.Create(target + ".tmp")
	if err != nil {
		return errors.WithStack(err)
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return errors.Wrapf(err, "unpacking %s", target)
	}
	return errors.WithStack(os.Rename(out.Name(), target))
}

// pipDownload downloads the wheel with the user's own pip, which knows the user's index, proxy and certificates.
func pipDownload(ctx context.Context, w wheel, dir string, most effort, p *progress) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return errors.New("there is no python3 in $PATH: install it, with pip")
	}
	p.say("fetching XLA's CPU plugin, once: Python wheel %s %s, %d MB", w.name, w.version, w.size/1e6)
	requirements := filepath.Join(dir, "requirements.txt")
	line := fmt.Sprintf("%s==%s --hash=sha256:%s\n", w.name, w.version, w.sha256)
	if err := os.WriteFile(requirements, []byte(line), 0o644); err != nil {
		return errors.WithStack(err)
	}
	tmp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return errors.WithStack(err)
	}
	args := []string{"-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--platform=" + w.platform,
		"--require-hashes", "--requirement=" + requirements, "--dest=" + dir,
		"--no-input", "--progress-bar=off", "--disable-pip-version-check"}
	var firstByte time.Duration
	if most < insist {
		args = append(args, "--retries=1")
		// Whoever has told pip how long to wait knows the network.
		if os.Getenv("PIP_DEFAULT_TIMEOUT") == "" {
			firstByte = pipFirstByte
		}
	}
	return p.watch(ctx, tmp, w.size, firstByte, func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, python, args...)
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "PIP_REQUIRE_VIRTUALENV=0")
		cmd.WaitDelay = time.Second
		output, err := cmd.CombinedOutput()
		if err != nil && strings.Contains(string(output), "No module named pip") {
			return errors.Errorf("%s has no pip: install it (package python3-pip in most Linux distributions)", python)
		}
		if err != nil {
			return errors.Errorf("pip download, %v: %s", err, lastLines(string(output), 3))
		}
		return nil
	})
}

// lastLines joins the last n lines of output, where programs say what went wrong.
func lastLines(output string, n int) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " / ")
}
