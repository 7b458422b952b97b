package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"

	"github.com/sparsekernel/sparsekernel/backends"
)

// requirements are the Python packages, pinned by hash, relative to the root of the clone.
const requirements = "benchmarks/python/requirements.txt"

// installPython returns a Python that has the packages: in a virtual environment in the cache folder, which is made if it
// is not there. Its name is a hash of all that it is made from; it gets a file "complete" last, without which the folder
// is what an interrupted installation left.
func installPython(ctx context.Context, root string, say teller) (string, error) {
	identity, err := output(ctx, "", nil, "python3", "-c",
		`import sys, ensurepip; assert sys.version_info >= (3, 11), "JAX needs Python 3.11 or newer"; `+
			`print(sys.executable, sys.version)`)
	if err != nil {
		return "", fmt.Errorf("there must be a python3 in $PATH, 3.11 or newer, with its package venv: %w", err)
	}
	list, err := os.ReadFile(filepath.Join(root, requirements))
	if err != nil {
		return "", err
	}
	cache, err := backends.CacheDir()
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(fmt.Appendln(list, runtime.GOOS, runtime.GOARCH, cache, identity))
	dir := filepath.Join(cache, "benchmarks", hex.EncodeToString(hash[:8]))
	python, complete := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("set $%s to a folder that can be written: %w", backends.CacheDirEnv, err)
	}
	lock := flock.New(dir + ".lock") // Two benchmarks may start at once.
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return "", fmt.Errorf("locking %s: %w", lock.Path(), err)
	}
	defer lock.Unlock()
	if _, err := os.Stat(complete); err == nil {
		return python, nil
	}

	say("installing PyTorch and JAX into %s (4 GB on Linux)", dir)
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("removing an unfinished installation: %w", err)
	}
	if _, err := output(ctx, "", nil, "python3", "-m", "venv", dir); err != nil {
		return "", err
	}
	// The list has all that is needed, and leaves out what torch wants for its compiler on GPUs.
	_, err = output(ctx, root, nil, python, "-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary=:all:",
		"--requirement", requirements, "--no-input", "--quiet", "--disable-pip-version-check")
	if err != nil {
		return "", fmt.Errorf("installing with pip, which needs the network this once: %w", err)
	}
	return python, os.WriteFile(complete, nil, 0o644)
}
