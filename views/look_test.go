package views

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// lookEnv names a folder to write reports of synthetic runs to, for a look at them in a browser.
const lookEnv = "SPARSEKERNEL_LOOK"

func TestLook(t *testing.T) {
	dir := os.Getenv(lookEnv)
	if dir == "" {
		dir = t.TempDir()
	}
	write := func(name string, figures ...*Figure) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(Report("Look at "+name, figures...)), 0o644))
	}
	one := opened(t, small, 12)
	figures, err := Figures(Group{Name: "one", Runs: []*Run{one}, Cost: .4})
	require.NoError(t, err)
	write("one.html", append(figures, erk(t))...)
}

// erk is an allocation like that of ERK.
func erk(t testing.TB) *Figure {
	layers := []LayerSize{{"/conv1/weights", 864}, {"/conv2/weights", 18432}, {"/dense/weights", 401408}, {"/output/weights", 1280}}
	f, err := Allocation("ERK", layers, .9, func(density float64) []float64 {
		return []float64{min(1, 9*density), min(1, 5*density), .8 * density, 1}
	})
	require.NoError(t, err)
	return f
}
