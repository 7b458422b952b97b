package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Notebooks that were changed, staged, added or removed since the last commit are not vouched for.
func TestCommitted(t *testing.T) {
	l := &Lab{root: t.TempDir()}
	_, err := l.committed(t.Context())
	require.Error(t, err, "not a clone of git's")
	git := func(args ...string) {
		args = append([]string{"-C", l.root, "-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"}, args...)
		output, err := exec.Command("git", args...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	put := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(l.root, Notebooks, name), []byte(content), 0o644))
	}
	require.NoError(t, os.Mkdir(filepath.Join(l.root, Notebooks), 0o755))
	names := []string{"as it was.ipynb", "changed.ipynb", "staged.ipynb", "removed.ipynb", "text.md"}
	for _, name := range names {
		put(name, name)
	}
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "first")
	put("changed.ipynb", "more")
	put("staged.ipynb", "more")
	git("add", Notebooks+"/staged.ipynb")
	put("new.ipynb", "new")
	require.NoError(t, os.Remove(filepath.Join(l.root, Notebooks, "removed.ipynb")))
	committed, err := l.committed(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{Notebooks + "/as it was.ipynb"}, committed)
}

// Jupyter has the signatures of this clone's notebooks afterwards, and did not before.
func TestTrust(t *testing.T) {
	if testing.Short() {
		t.Skip("sets up the lab")
	}
	t.Setenv("JUPYTER_DATA_DIR", t.TempDir())
	var out strings.Builder
	l := here(t, &out)
	env, err := l.setUp(t.Context())
	require.NoError(t, err)
	notebooks, err := l.committed(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, notebooks, "none is as committed")
	const script = "import sys, nbformat\nfrom nbformat.sign import NotebookNotary\nn = NotebookNotary()\n" +
		"print(*(n.check_signature(nbformat.read(path, 4)) for path in sys.argv[1:]))"
	trusted := func() string {
		output, err := program(t.Context(), l.root, env.jupyter(), env.venv("bin/python"), append([]string{"-c", script}, notebooks...)...).Output()
		require.NoError(t, err)
		return string(output)
	}
	require.NotContains(t, trusted(), "True")
	require.NoError(t, l.trust(t.Context(), env))
	require.NotContains(t, trusted(), "False")
	require.Contains(t, out.String(), "their figures are interactive at once")
}
