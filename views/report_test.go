package views

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lookEnv names a folder to write reports of synthetic runs to, for a look at them in a browser.
const lookEnv = "SPARSEKERNEL_LOOK"

// look writes a page to the folder for a look, if there is one.
func look(t testing.TB, name, page string) {
	if dir := os.Getenv(lookEnv); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(page), 0o644))
	}
}

// A report has all views of a run, each script once, ids of its own, and needs nothing but itself.
func TestReport(t *testing.T) {
	r := opened(t, small, 12)
	figures, err := Figures(Group{Name: "one", Runs: []*Run{r}, Cost: .4})
	require.NoError(t, err)
	page := Report(`A "run" & its <masks>`, append(figures, erk(t), planned(), erk(t))...)
	look(t, "one.html", page)
	checkIDs(t, page)
	checkOffline(t, page)
	require.Contains(t, page, "<title>A &#34;run&#34; &amp; its &lt;masks&gt;</title>")
	require.Equal(t, 1, strings.Count(page, "<style>"))
	require.Equal(t, 3, strings.Count(page, "<script>"), "of maps, choices and allocations")
	require.Equal(t, len(figures)+3, strings.Count(page, "<h2 "))
	require.Len(t, figures, 20, "of two layers")
}

// Runs beside each other.
func TestReportOfRuns(t *testing.T) {
	a, b, c, empty := opened(t, small, 12), opened(t, small, 8), opened(t, [][]int{{16, 24}}, 12), opened(t, small, -1)
	a.Name, b.Name, c.Name = "a", "b", "c"
	figures, err := Figures(Group{Name: "two seeds", Runs: []*Run{a, b}}, Group{Name: "c", Runs: []*Run{c}},
		Group{Name: "none", Runs: []*Run{empty}})
	require.NoError(t, err)
	require.Len(t, figures, 4)
	page := Report("Runs", figures...)
	look(t, "runs.html", page)
	checkIDs(t, page)
	checkOffline(t, page)
	require.Contains(t, page, "a and b 0.")
	require.NotContains(t, page, "a and c", "their layers differ")
}

// The report of a run of 300,200 weights and 100 updates fits into a mail.
func TestReportOfLargeRun(t *testing.T) {
	if testing.Short() {
		t.Skip("records a large run")
	}
	const most = 5_000_000 // Bytes.
	r := opened(t, large, 100)
	figures, err := Figures(Group{Name: "large", Runs: []*Run{r}})
	require.NoError(t, err)
	page := Report("Large", figures...)
	look(t, "large.html", page)
	t.Logf("%d figures, %d bytes", len(figures), len(page))
	require.Less(t, len(page), most)
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
