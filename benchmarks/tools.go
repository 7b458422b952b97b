package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// teller tells the user what is done, as it is done.
type teller func(format string, args ...any)

// tools are the programs that workers run by.
type tools struct {
	root      string // Of the clone.
	goWorkers string // A folder.
	python    string // With the packages of benchmarks/python/requirements.txt.
}

// worker is the path of the worker in Go.
func (t tools) worker(simd bool) string {
	if simd {
		return filepath.Join(t.goWorkers, "worker-simd")
	}
	return filepath.Join(t.goWorkers, "worker")
}

// setUp builds and installs what the peers need: workers in Go into the folder dir, packages for Python into the cache.
func setUp(ctx context.Context, chosen []peer, dir string, say teller) (tools, error) {
	t := tools{goWorkers: dir}
	module, err := output(ctx, "", nil, "go", "env", "GOMOD")
	if err != nil {
		return t, err
	}
	t.root = filepath.Dir(module)
	if _, err := os.Stat(filepath.Join(t.root, requirements)); err != nil {
		return t, fmt.Errorf("the benchmarks run in a clone of sparsekernel's repository: %w", err)
	}
	for _, p := range chosen {
		switch {
		case p.ours:
			err = t.build(ctx, p.simd, say)
		case t.python == "":
			t.python, err = installPython(ctx, t.root, say)
		}
		if err != nil {
			return t, fmt.Errorf("setting up the peer %s, which --peers can leave out (--peers %s measures this library alone): %w",
				p.name, sparsekernel, err)
		}
	}
	return t, nil
}

// build builds the worker in Go unless that was done.
func (t tools) build(ctx context.Context, simd bool, say teller) error {
	path := t.worker(simd)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	experiment := ""
	if simd {
		experiment = "simd"
	}
	say("building the worker in Go, GOEXPERIMENT=%s", experiment)
	_, err := output(ctx, t.root, []string{"GOEXPERIMENT=" + experiment}, "go", "build", "-o", path, "./benchmarks/worker")
	return err
}

// output runs a program and returns what it prints on standard output, without space around it.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	stderr := &tail{}
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), env...), stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr)
	}
	return strings.TrimSpace(string(out)), nil
}
