// Package pythontest runs Python in tests, to compare what Go writes with what Python reads.
//
// The packages below are installed once, by the user's own pip, into the cache folder of package backends; only that
// needs the network. Where it cannot be done, the test fails and says why.
package pythontest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/sparsekernel/sparsekernel/backends"
)

// requirements are what a test may import, pinned. numpy's versions support Python 3.10 to 3.14.
const requirements = `safetensors==0.6.2
numpy==2.3.5; python_version >= "3.11"
numpy==2.2.6; python_version < "3.11"
`

// installLimit bounds the installation, for networks that answer but never finish.
const installLimit = 5 * time.Minute

// Run runs a script with the arguments in the folder dir and returns what it prints. The test fails if the script does,
// with what Python says.
func Run(t testing.TB, dir, script string, args ...string) string {
	t.Helper()
	packages, err := installed()
	if err != nil {
		t.Fatalf("Python for tests: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", append([]string{"-c", script}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONPATH="+packages, "PYTHONDONTWRITEBYTECODE=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s%s", err, out, stderr.String())
	}
	return string(out)
}

// installed returns the folder that holds the packages, after installing them if need be.
var installed = sync.OnceValues(func() (string, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", fmt.Errorf("there is no python3 in $PATH: install it, with pip")
	}
	// Wheels are built for one version of Python on one platform.
	tag, err := exec.Command(python, "-c",
		"import sys, sysconfig; print(sys.implementation.cache_tag + '-' + sysconfig.get_platform())").Output()
	if err != nil {
		return "", fmt.Errorf("%s does not run: %w", python, err)
	}
	cache, err := backends.CacheDir()
	if err != nil {
		return "", err
	}
	id := sha256.Sum256([]byte(requirements))
	folder := filepath.Join(cache, fmt.Sprintf("pythontest-%s-%x", strings.TrimSpace(string(tag)), id[:6]))
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	lock := flock.New(folder + ".lock")
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("locking %s: %w", lock.Path(), err)
	}
	defer lock.Unlock()
	if _, err := os.Stat(folder); err == nil {
		return folder, nil // It gets its name when it is complete.
	}
	return folder, install(python, folder)
})

// install makes the folder: complete, or not at all.
func install(python, folder string) error {
	unfinished, err := os.MkdirTemp(filepath.Dir(folder), "pythontest-unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unfinished)
	list := filepath.Join(unfinished, "requirements.txt")
	if err := os.WriteFile(list, []byte(requirements), 0o644); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installLimit)
	defer cancel()
	target := filepath.Join(unfinished, "packages")
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--no-input",
		"--progress-bar=off", "--disable-pip-version-check", "--no-compile", "--target="+target, "--requirement="+list)
	cmd.Env = append(os.Environ(), "PIP_REQUIRE_VIRTUALENV=0", "PIP_USER=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("installing safetensors and numpy with pip, %w:\n%s", err, out)
	}
	return os.Rename(target, folder)
}
