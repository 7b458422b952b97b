package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// warm compiles what the clone's notebooks import, as the Go kernel does: from a module that knows the clone by a go.work
// file. The packages stay in Go's build cache, and what they need to be compiled in the module cache.
func (l *Lab) warm(ctx context.Context) error {
	notebooks, err := filepath.Glob(filepath.Join(l.root, Notebooks, "*.ipynb"))
	if err != nil {
		return err
	}
	var packages []string
	for _, notebook := range notebooks {
		imports, err := imports(notebook)
		if err != nil {
			return err
		}
		packages = append(packages, imports...)
	}
	slices.Sort(packages)
	packages = slices.Compact(packages)
	if len(packages) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "sparsekernel-lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module warm\n"), 0o644); err != nil {
		return err
	}
	if err := command(ctx, dir, []string{"GOWORK="}, "go", "work", "init", ".", l.root); err != nil {
		return err
	}
	// More than one package, or one that is no command, is compiled but not linked.
	return command(ctx, dir, []string{"GOWORK="}, "go", append([]string{"build"}, packages...)...)
}

// imports lists what the Go cells of a notebook import.
func imports(notebook string) ([]string, error) {
	data, err := os.ReadFile(notebook)
	if err != nil {
		return nil, err
	}
	var content struct {
		Cells []struct {
			Type   string     `json:"cell_type"`
			Source sourceText `json:"source"`
		} `json:"cells"`
	}
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, fmt.Errorf("reading notebook %s: %w", notebook, err)
	}
	var paths []string
	for _, cell := range content.Cells {
		if cell.Type == "code" {
			paths = append(paths, cellImports(string(cell.Source))...)
		}
	}
	return paths, nil
}

// sourceText is the text of a cell, which notebooks hold as a string or as a list of lines.
type sourceText string

func (s *sourceText) UnmarshalJSON(data []byte) error {
	var lines []string
	if json.Unmarshal(data, &lines) == nil {
		*s = sourceText(strings.Join(lines, ""))
		return nil
	}
	return json.Unmarshal(data, (*string)(s))
}

// cellImports lists what a cell imports. What is no Go has none.
func cellImports(source string) (paths []string) {
	var program strings.Builder
	program.WriteString("package cell\n")
	for line := range strings.Lines(source) {
		if !strings.HasPrefix(line, "%") && !strings.HasPrefix(line, "!") { // For the kernel or the shell.
			program.WriteString(line)
		}
	}
	file, _ := parser.ParseFile(token.NewFileSet(), "", program.String(), parser.ImportsOnly)
	if file == nil {
		return nil
	}
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}
