// Package docs holds pages for people, whose commands and programs are run by tests.
package docs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

// tiny are flags that make a command of a page take a moment, by its name.
var tiny = map[string]string{
	"train":   " --steps 20 --delta-t 10",
	"compare": " --steps 20 --delta-t 10 --seeds 2",
}

// tinyReproduction are those for the page of experiments, by how a command begins.
var tinyReproduction = map[string]string{
	"dstee experiment link-ia-email": " --scale 0.02 --batch 64 --sparsities 90 --seeds 1",
	"dstee train":                    " --width 0.02 --hold-out 1000 --batch 4 --steps 4 --delta-t 2",
	"dstee compare --model vgg11":    " --width 0.02 --hold-out 1000 --batch 4 --steps 4 --delta-t 2 --sparsities 95 --seeds 1",
	"dstee compare --model lenet5":   " --batch 4 --steps 4 --delta-t 2 --sparsities 95 --seeds 1",
	"dstee resume":                   "",
	"dstee trace":                    "",
}

// block is a fenced block of a page: its language and what it holds.
type block struct{ language, text string }

// blocks are the fenced blocks of a page, those in lists without their indentation.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	var found []block
	for _, match := range regexp.MustCompile("(?ms)^( *)```([a-z]*)\n(.*?)^ *```$").FindAllStringSubmatch(string(data), -1) {
		text := match[3]
		if indent := match[1]; indent != "" {
			text = strings.ReplaceAll("\n"+text, "\n"+indent, "\n")[1:]
		}
		found = append(found, block{match[2], text})
	}
	return found
}

// The Go of the page compiles in a module of the reader's own, its test passes there, and its commands succeed, if for
// fewer steps and seeds.
func TestYourOwnAcquisition(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs and trains with them")
	}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	module := newModule(t, root)
	bin := filepath.Join(t.TempDir(), "dstee")
	shell(t, root, "go build -o "+bin+" ./cmd/dstee")
	commands, files := 0, 0
	for _, b := range blocks(t, "your-own-acquisition.md") {
		switch b.language {
		case "go":
			file, text := "rare/rare.go", b.text
			switch {
			case strings.Contains(text, `"testing"`):
				file = "rare/rare_test.go"
			case strings.Contains(text, "package main"):
				file = "judge/judge.go"
				text = replaceOnce(t, text, "run.Default()", "func() (s run.Spec) { s = run.Default(); s.Steps, s.DeltaT = 20, 10; return }()")
				text = replaceOnce(t, text, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9", "0, 1")
				text = replaceOnce(t, text, `backends.Open("")`, `backends.Open("`+backendtest.Cheapest()+`")`)
				text = replaceOnce(t, text, "example.com/mine", "example.com/idea")
			}
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(module, file)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(module, file), []byte(text), 0o644))
			files++
		case "sh":
			command := strings.TrimSpace(b.text)
			commands++
			if arguments, found := strings.CutPrefix(command, "go run ./cmd/dstee "); found {
				name, _, _ := strings.Cut(arguments, " ")
				require.Contains(t, tiny, name)
				stdout := shell(t, t.TempDir(), bin+" "+arguments+tiny[name]+" --backend "+backendtest.Cheapest())
				require.Contains(t, stdout, "mlp on digits")
				continue
			}
			if strings.HasPrefix(command, "mkdir mine") {
				beside := t.TempDir()
				require.NoError(t, os.Symlink(root, filepath.Join(beside, "sparsekernel")))
				shell(t, beside, command+" && go list -m github.com/sparsekernel/sparsekernel")
				continue
			}
			shell(t, module, "GOFLAGS=-mod=mod "+strings.TrimPrefix(command, "go mod tidy && "))
		}
	}
	require.Equal(t, []int{3, 5}, []int{files, commands})
	require.Contains(t, shell(t, module, "GOFLAGS=-mod=mod go run ./judge"), "rare")
}

// The commands of the page of experiments succeed, if for fewer steps and seeds, narrower networks and made-up data.
func TestReproduction(t *testing.T) {
	if testing.Short() {
		t.Skip("reads data of full size and trains on them")
	}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	dir, bin := t.TempDir(), t.TempDir()
	shell(t, root, "go build -o "+filepath.Join(bin, "dstee")+" ./cmd/dstee")
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	writeData(t, filepath.Join(dir, "data"))
	ran := map[string]bool{}
	for _, b := range blocks(t, "reproduction.md") {
		require.Equal(t, "sh", b.language)
		for command := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(b.text, "\\\n", "")), "\n") {
			for start, flags := range tinyReproduction {
				if strings.HasPrefix(command, start) {
					ran[start] = true
					if flags != "" {
						flags += " --backend " + backendtest.Cheapest()
					}
					require.NotEmpty(t, shell(t, dir, command+flags))
				}
			}
		}
	}
	require.Len(t, ran, len(tinyReproduction))
}

// writeData makes a folder with files such as those of CIFAR-100, of black images, and of ia-email, of a chain of nodes.
func writeData(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.Mkdir(dir, 0o755))
	names := ""
	for class := range 100 {
		names += fmt.Sprintf("class_%d\n", class)
	}
	const nodes, image = 400, 2 + 3*32*32
	edges := fmt.Sprintf("%%%%MatrixMarket matrix coordinate pattern symmetric\n%d %d %d\n", nodes, nodes, 3*(nodes-3))
	for node := 4; node <= nodes; node++ {
		edges += fmt.Sprintf("%d %d\n%d %d\n%d %d\n", node, node-1, node, node-2, node, node-3)
	}
	images := func(n int) []byte {
		data := make([]byte, n*image)
		for i := range n {
			data[i*image+1] = byte(i % 100)
		}
		return data
	}
	for name, data := range map[string][]byte{"fine_label_names.txt": []byte(names), "ia-email-EU.mtx": []byte(edges),
		"train.bin": images(50_000), "test.bin": images(10_000)} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
}

// newModule makes a module that requires this one, as it is in root.
func newModule(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	const path = "github.com/sparsekernel/sparsekernel"
	mod = bytes.Replace(mod, []byte("module "+path), []byte("module example.com/idea"), 1)
	mod = append(mod, "\nrequire "+path+" v0.0.0\n\nreplace "+path+" => "+root+"\n"...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644))
	return dir
}

// replaceOnce makes a program of a page take a moment, or fit into the test's module.
func replaceOnce(t *testing.T, text, from, to string) string {
	t.Helper()
	require.Equal(t, 1, strings.Count(text, from), from)
	return strings.Replace(text, from, to, 1)
}

// shell runs a command in a folder, and returns what it prints.
func shell(t *testing.T, dir, command string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s\n%s%s", command, &stdout, &stderr)
	return stdout.String()
}
