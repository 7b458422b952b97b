package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// environment is a folder that holds the pinned programs of the lab:
//
//	bin/       gonb, the Go kernel, and goimports, which it calls for each cell
//	venv/      JupyterLab, and the kernel's specification
//	complete   written last: without it the folder is what an interrupted set-up left
//
// Its name is a hash of all that it is made from.
type environment struct {
	dir    string
	root   string // Of the clone, where the lock files are.
	python string
}

// Lock files, relative to the root of the clone.
const (
	requirements = "tools/notebook/requirements.txt" // Python packages, pinned by hash.
	goTools      = "tools/notebook"                  // The module that pins the Go programs.
)

// environment returns the environment that the clone's lock files and the Python in $PATH call for, made or not.
func (l *Lab) environment() (environment, error) {
	python, identity, err := findPython()
	if err != nil {
		return environment{}, err
	}
	// Virtual environments hold absolute paths, of their own folder and of the Python that made them.
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.GOOS, runtime.GOARCH, l.cache, identity)
	for _, file := range []string{requirements, goTools + "/go.mod", goTools + "/go.sum"} {
		data, err := os.ReadFile(filepath.Join(l.root, file))
		if err != nil {
			return environment{}, fmt.Errorf("reading what the lab needs: %w", err)
		}
		fmt.Fprintln(hash, file, len(data))
		hash.Write(data)
	}
	hash.Write(environment{}.kernelSpec())
	hash.Write(pageConfig)
	return environment{
		dir:    filepath.Join(l.cache, hex.EncodeToString(hash.Sum(nil))[:16]),
		root:   l.root,
		python: python,
	}, nil
}

// findPython returns the path of the Python in $PATH, and what tells it from others.
func findPython() (path, identity string, err error) {
	path, err = exec.LookPath("python3")
	if err != nil {
		return "", "", fmt.Errorf("there is no python3 in $PATH: install Python 3.10 or newer, with its package venv "+
			"(Debian and Ubuntu: apt install python3-venv): %w", err)
	}
	const script = "import sys, ensurepip; assert sys.version_info >= (3, 10), sys.version; print(sys.executable, sys.version)"
	output, err := exec.Command(path, "-c", script).CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("%s is not a Python 3.10 or newer with its package venv (Debian and Ubuntu: "+
			"apt install python3-venv): %s", path, lastLine(output))
	}
	return path, string(output), nil
}

// lastLine is the last line of a program's output that is not empty.
func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}

func (e environment) bin(name string) string  { return filepath.Join(e.dir, "bin", name) }
func (e environment) venv(path string) string { return filepath.Join(e.dir, "venv", path) }
func (e environment) marker() string          { return filepath.Join(e.dir, "complete") }
func (e environment) kernelFile() string      { return e.venv("share/jupyter/kernels/gonb/kernel.json") }

// missing lists the files of the environment that are not there, none if it is complete.
func (e environment) missing() (missing []string) {
	for _, file := range []string{e.venv("bin/jupyter-lab"), e.bin("gonb"), e.bin("goimports"), e.kernelFile(), e.marker()} {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, file)
		}
	}
	return missing
}

// pageConfig stops JupyterLab from asking the network for news.
var pageConfig = []byte(`{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}` + "\n")

// kernelSpec is what Jupyter must know of the Go kernel.
func (e environment) kernelSpec() []byte {
	spec, err := json.MarshalIndent(map[string]any{
		// Raw errors are text, which programs and people that see a notebook elsewhere can read.
		// Its log would fill the terminal, and never says anything that a user can act on.
		"argv": []string{e.bin("gonb"), "--kernel", "{connection_file}", "-raw_error=true",
			"-logtostderr=false", "-stderrthreshold=FATAL", "-log_file=" + os.DevNull},
		"display_name": "Go (gonb)",
		"language":     "go",
		// A message reaches the program of a cell; a signal would reach the kernel alone.
		"interrupt_mode": "message",
		"env":            map[string]string{"PATH": filepath.Join(e.dir, "bin") + string(os.PathListSeparator) + "${PATH}"},
	}, "", "  ")
	if err != nil {
		panic(err) // Of strings alone.
	}
	return append(spec, '\n')
}

// make makes the environment anew, whatever is there.
func (e environment) make(ctx context.Context, say func(format string, args ...any)) error {
	if err := os.RemoveAll(e.dir); err != nil {
		return fmt.Errorf("removing an unfinished set-up: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(e.dir, "bin"), 0o755); err != nil {
		return fmt.Errorf("making the lab's folder: %w", err)
	}
	say("installing JupyterLab from %s into %s", requirements, e.dir)
	if err := e.installPython(ctx); err != nil {
		return err
	}
	say("building gonb and goimports from %s", goTools)
	if err := e.installTools(ctx); err != nil {
		return err
	}
	for path, content := range map[string][]byte{
		e.kernelFile(): e.kernelSpec(),
		e.venv("etc/jupyter/labconfig/page_config.json"): pageConfig,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("setting up the kernel: %w", err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("setting up the kernel: %w", err)
		}
	}
	if err := os.WriteFile(e.marker(), nil, 0o644); err != nil {
		return fmt.Errorf("finishing the set-up: %w", err)
	}
	return nil
}

// installPython makes the virtual environment. pip is the user's own, which knows their index, proxy and certificates.
func (e environment) installPython(ctx context.Context) error {
	if err := command(ctx, e.root, nil, e.python, "-m", "venv", e.venv("")); err != nil {
		return fmt.Errorf("making a Python environment: %w", err)
	}
	err := command(ctx, e.root, nil, e.venv("bin/python"), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:",
		"--requirement", requirements, "--no-input", "--quiet", "--disable-pip-version-check")
	if err != nil {
		return fmt.Errorf("installing JupyterLab with pip, which needs the network this once: %w", err)
	}
	return nil
}

// installTools builds the Go programs.
func (e environment) installTools(ctx context.Context) error {
	env := []string{"GOBIN=" + filepath.Join(e.dir, "bin"), "GOWORK=off"}
	if err := command(ctx, filepath.Join(e.root, goTools), env, "go", "install", "tool"); err != nil {
		return fmt.Errorf("building the Go kernel, which needs the network this once: %w", err)
	}
	return nil
}
