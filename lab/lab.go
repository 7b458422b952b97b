// Package lab sets up JupyterLab with a Go kernel for the notebooks of this repository, and opens it: the command
// "dstee lab".
//
// What it sets up lives in one folder of the cache, see [Lab.SetUp]; nothing needs the network afterwards.
package lab

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sparsekernel/sparsekernel/backends"
)

// moduleLine is the first line of the go.mod of the repository.
const moduleLine = "module github.com/sparsekernel/sparsekernel\n"

// Notebooks is the folder of the notebooks, relative to the root of the repository.
const Notebooks = "notebooks"

// Lab is the lab of one clone of the repository.
type Lab struct {
	root  string // Of the clone.
	cache string // Where environments are kept.
	out   io.Writer
}

// Find returns the lab of the clone that the folder dir is in. It tells out what it does, as it does it.
func Find(dir string, out io.Writer) (*Lab, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for the notebooks: %w", err)
	}
	root := dir
	for !isRoot(root) {
		parent := filepath.Dir(root)
		if parent == root {
			return nil, fmt.Errorf("the lab opens the notebooks of a clone of sparsekernel's repository, and %s is in none: "+
				"change to the clone, and run: go run ./cmd/dstee lab", dir)
		}
		root = parent
	}
	cache, err := backends.CacheDir()
	if err != nil {
		return nil, err
	}
	return &Lab{root: root, cache: filepath.Join(cache, "lab"), out: out}, nil
}

// isRoot tells whether dir is the root of a clone.
func isRoot(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(data), moduleLine)
}

// say tells the user what is done.
func (l *Lab) say(format string, args ...any) { fmt.Fprintf(l.out, "lab: "+format+"\n", args...) }
