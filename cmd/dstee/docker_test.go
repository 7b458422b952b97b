package main

import (
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// The images are built by hand, where there is an engine. What they name must be there all the same, and be what the rest of
// the repository goes by.

const repository = "../.."

// readText reads a file of the repository.
func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, path))
	require.NoError(t, err)
	return string(data)
}

// instructions are those of the Dockerfile, each in a line, without comments.
func instructions(t *testing.T) []string {
	t.Helper()
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(readText(t, "docker/Dockerfile"), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	var found []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			found = append(found, line)
		}
	}
	return found
}

// submatch is what the first group of a pattern matches in a text that must match it.
func submatch(t *testing.T, pattern, text string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, match, "nothing matches %s", pattern)
	return match[1]
}

// Files that the Dockerfile copies or reads are in the repository, and not kept from the engine.
func TestDockerfileNamesFilesThatAreThere(t *testing.T) {
	all := strings.Join(instructions(t), "\n")
	named := regexp.MustCompile(`\b(docker/[\w.]+|notebooks/[\w.-]+\.ipynb|go\.mod|go\.sum|cmd/\w+)`).FindAllString(all, -1)
	require.Subset(t, named, []string{"docker/cuda.txt", "notebooks/01-first-sparse-network.ipynb", "go.mod", "go.sum", "cmd/dstee"})
	for _, path := range named {
		_, err := os.Stat(filepath.Join(repository, path))
		require.NoError(t, err)
		for ignored := range strings.Lines(readText(t, "docker/Dockerfile.dockerignore")) {
			require.False(t, strings.HasPrefix(path, strings.TrimSpace(ignored)+"/"), "%s is kept from the engine", path)
		}
	}
}

// Each call of dstee in the image is one that the command line takes.
func TestDockerfileCallsTheCommandLine(t *testing.T) {
	calls := 0
	check := func(args []string) {
		calls++
		cmd, rest, err := newRoot().Find(args)
		require.NoError(t, err, args)
		require.NotEqual(t, "dstee", cmd.Name(), args)
		require.NoError(t, cmd.ParseFlags(rest), args)
		require.NoError(t, cobra.NoArgs(cmd, onlyUnknown(cmd)), args)
	}
	for _, line := range instructions(t) {
		switch {
		case strings.HasPrefix(line, "RUN "):
			for _, command := range strings.Split(strings.TrimPrefix(line, "RUN "), "&&") {
				if words := strings.Fields(command); words[0] == "dstee" {
					check(words[1:])
				}
			}
		case strings.HasPrefix(line, `CMD ["dstee"`):
			var args []string
			for _, match := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(line, -1) {
				args = append(args, match[1])
			}
			check(args[1:])
		}
	}
	require.Equal(t, 4, calls, "lab --setup, lab run, lab --check, and what the container runs")
}

// onlyUnknown are the arguments that a command has parsed and does not take: notebooks are those of "lab run".
func onlyUnknown(cmd *cobra.Command) []string {
	if cmd.Name() == "run" {
		return nil
	}
	return cmd.Flags().Args()
}

// The image's Go, which fetches no other, is new enough for all modules that it builds.
func TestDockerfileHasGoEnough(t *testing.T) {
	all := strings.Join(instructions(t), "\n")
	require.Contains(t, all, "GOTOOLCHAIN=local")
	image := "go" + submatch(t, `FROM golang:([\d.]+)-`, all)
	require.Equal(t, 2, strings.Count(image, "."), "a pinned Go names its patch: %s", image)
	for _, module := range []string{"go.mod", "tools/notebook/go.mod"} {
		needed := "go" + submatch(t, `(?m)^go ([\d.]+)$`, readText(t, module))
		require.GreaterOrEqual(t, version.Compare(image, needed), 0, "%s needs %s, the image has %s", module, needed, image)
	}
}

// What compose.yaml publishes, mounts and builds is what the Dockerfile listens on, makes and has targets for.
func TestComposeFitsTheDockerfile(t *testing.T) {
	compose, all := readText(t, "docker/compose.yaml"), strings.Join(instructions(t), "\n")
	for _, match := range regexp.MustCompile(`(?m)^\s+target: (\w+)$`).FindAllStringSubmatch(compose, -1) {
		require.Contains(t, all+"\n", " AS "+match[1]+"\n")
	}
	require.Equal(t, 2, strings.Count(compose, "dockerfile: docker/Dockerfile"))

	port := submatch(t, `"127\.0\.0\.1:\d+:(\d+)"`, compose)
	require.Contains(t, all, "EXPOSE "+port)
	require.Contains(t, all, `"--port", "`+port+`"`)
	require.Contains(t, all, "http://127.0.0.1:"+port+"/api", "the health check")
	require.NotRegexp(t, `- "\d+:\d+"`, compose, "nothing is published to the network")

	require.Equal(t, submatch(t, `WORKDIR (\S+)`, all)+"/runs", submatch(t, `- runs:(\S+)`, compose))
	require.Contains(t, all, "mkdir -p runs", "a volume takes the owner of the folder in the image")
	users := regexp.MustCompile(`(?m)^USER (\d+)$`).FindAllStringSubmatch(all, -1)
	require.Equal(t, "1000", users[len(users)-1][1], "not root")
}
