package views

import (
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

var update = flag.Bool("update", false, "write the golden files of pictures anew")

// view is a view of a run, of its first layer where it is one of a layer.
type view struct {
	name string
	draw func(r *Run) (*Figure, error)
}

func plain(draw func(r *Run) *Figure) func(r *Run) (*Figure, error) {
	return func(r *Run) (*Figure, error) { return draw(r), nil }
}

func ofLayer(draw func(r *Run, path string) (*Figure, error)) func(r *Run) (*Figure, error) {
	return func(r *Run) (*Figure, error) { return draw(r, "") }
}

var all = []view{
	{"masks", ofLayer(Masks)},
	{"inputmap", func(r *Run) (*Figure, error) { return InputMap(r) }},
	{"acquisition", ofLayer(Acquisition)},
	{"whatif", ofLayer(WhatIfSample)},
	{"visits", ofLayer(Visits)},
	{"exploration", plain(func(r *Run) *Figure { return Exploration(r) })},
	{"survival", func(r *Run) (*Figure, error) { return Survival(r) }},
	{"schedule", plain(Schedule)},
	{"fans", ofLayer(Fans)},
	{"values", ofLayer(Values)},
	{"convergence", plain(func(r *Run) *Figure { return Convergence(Group{Name: "synthetic", Runs: []*Run{r}, Cost: .3}) })},
	{"similarity", ofLayer(Similarity)},
	{"runs", func(r *Run) (*Figure, error) { return RunSimilarity(r, r) }},
	{"budget", plain(Budget)},
	{"live", ofLayer(Live)},
}

// Every view shows a run without masks, one that has not moved them, one that moved them once, and a long one. Each is
// well-formed, says what it shows in words, and is the same when it is drawn again.
func TestViews(t *testing.T) {
	rounds := map[string]int{"empty": -1, "begun": 0, "once": 1, "some": 12}
	shapes := small
	if !testing.Short() {
		rounds["many"] = 60
	}
	for name, n := range rounds {
		if name == "many" {
			shapes = [][]int{{784, 100}, {100, 10}}
		}
		r := opened(t, shapes, n)
		for _, v := range all {
			t.Run(v.name+"/"+name, func(t *testing.T) {
				f, err := v.draw(r)
				require.NoError(t, err)
				checkFigure(t, f)
				if n < 0 {
					require.Equal(t, v.name != "live", f.Empty(), "there is nothing to see of a run without masks and steps")
				}
				if n > 1 {
					require.False(t, f.Empty())
				}
				again, err := v.draw(r)
				require.NoError(t, err)
				require.Equal(t, f.HTML(), again.HTML())
			})
		}
	}
}

// A picture of the same data is the same, byte for byte: "go test ./views -update" takes a change of looks as it is.
func TestGolden(t *testing.T) {
	r := opened(t, small, 5)
	figures := map[string]*Figure{"allocation": erk(t), "schedules": planned(), "sparsities": compared()}
	for _, v := range all {
		f, err := v.draw(r)
		require.NoError(t, err)
		figures[v.name] = f
	}
	for name, f := range figures {
		t.Run(name, func(t *testing.T) {
			golden := filepath.Join("testdata", name+".svg")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(f.SVG()), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.True(t, string(want) == f.SVG(), "%s differs: look at it after go test ./views -run TestGolden -update", golden)
		})
	}
}

// Views that need no run.
func TestPlans(t *testing.T) {
	checkFigure(t, erk(t))
	checkFigure(t, planned())
	checkFigure(t, WhatIf("nothing", nil))
	checkFigure(t, WhatIf("one update", []WhatIfPoint{{C: 0, RigL: 1}, {C: 1e-3, RigL: .2, LeastVisited: 1, NeverActive: .5}}))
	require.True(t, Schedules(10, nil).Empty())
	require.True(t, Convergence().Empty())
	require.True(t, Exploration().Empty())
	for _, sparsity := range []float64{0, .4, 1, nan()} {
		_, err := Allocation("ERK", nil, sparsity, nil)
		require.ErrorContains(t, err, "must be in [0.5, 0.99]")
	}
	_, err := Allocation("ERK", []LayerSize{{"/w", 10}}, .9, func(float64) []float64 { return nil })
	require.ErrorContains(t, err, "gave 0 densities to 1 layers")
}

// Layers and images that are not there are errors that say what is.
func TestUnknown(t *testing.T) {
	r := opened(t, small, 1)
	for _, draw := range []func(*Run, string) (*Figure, error){Masks, Acquisition, WhatIfSample, Visits, Fans, Values, Similarity, Live} {
		_, err := draw(r, "/third")
		require.ErrorContains(t, err, `no sparse layer "/third": there are ["/first/weights" "/second/weights"]`)
	}
	_, err := InputMap(r, 5, 5)
	require.ErrorContains(t, err, "does not have the 16 inputs of /first/weights")
	for _, image := range [][]int{{-4, -4}, {0, 0}, {16}, {2, 2, 2, 2}} {
		_, err := InputMap(r, image...)
		require.ErrorContains(t, err, "does not have the 16 inputs")
	}
	f, err := InputMap(r, 2, 4, 2)
	require.NoError(t, err)
	require.Contains(t, f.Alt, "2 × 4 pixels")
}

func checkFigure(t testing.TB, f *Figure) {
	t.Helper()
	require.NotEmpty(t, f.Title)
	require.NotEmpty(t, f.Alt)
	require.NotEmpty(t, f.Topic)
	picture := f.SVG()
	require.NotContains(t, picture, "NaN")
	require.NotContains(t, picture, "<script")
	checkXML(t, picture)
	checkInside(t, picture)
	checkIDs(t, picture)
	require.Contains(t, picture, "<title id=")
	require.Contains(t, picture, "<desc id=")
	checkOffline(t, f.HTML())
	require.Equal(t, f.Interactive(), strings.Contains(f.HTML(), "<script>"))
}

// checkXML checks that a text is well-formed.
func checkXML(t testing.TB, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
	}
}

var ids = regexp.MustCompile(` id="([^"]*)"`)

// checkIDs checks that no two elements have the same id, and that those referred to are there.
func checkIDs(t testing.TB, page string) {
	t.Helper()
	seen := map[string]bool{}
	for _, match := range ids.FindAllStringSubmatch(page, -1) {
		require.False(t, seen[match[1]], "two elements have the id %q", match[1])
		seen[match[1]] = true
	}
	for _, match := range regexp.MustCompile(`aria-labelledby="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		for _, id := range strings.Fields(match[1]) {
			require.True(t, seen[id], "no element has the id %q", id)
		}
	}
}

var addresses = regexp.MustCompile(`(?i)\bhttps?:|\b(src|href)="[^#"]*"|@import|url\(`)

// checkOffline checks that a page refers to nothing outside itself.
func checkOffline(t testing.TB, page string) {
	t.Helper()
	page = strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")
	page = strings.ReplaceAll(page, `"http://www.w3.org/2000/svg"`, "") // The name of the elements that scripts make.
	page = strings.ReplaceAll(page, `<link rel="icon" href="data:,">`, "")
	require.Empty(t, addresses.FindAllString(page, -1))
}

// planned is a plan of a training.
func planned() *Figure {
	return Schedules(1000, []int{100, 200, 300, 400, 500, 600, 700},
		Strip{Name: "drop fraction", At: func(step int) float64 { return .3 * (1 - float64(step)/1000) }},
		Strip{Name: "learning rate", At: func(step int) float64 { return .1 / float64(1+step/300) }})
}

// nan is no number.
func nan() float64 { return lastFinite(nil) }

// A name from a trace is text in a page, whatever is in it.
func TestNamesAreText(t *testing.T) {
	const name = `</script><b a="1">&'`
	dir := t.TempDir()
	w, err := trace.Create(dir, nil)
	require.NoError(t, err)
	mask := []bool{true, false, true, false}
	visits := make([]int32, 4)
	require.NoError(t, w.Update(trace.Update{}, trace.Move{Path: name, Shape: []int{2, 2}, Mask: mask, Visits: visits}))
	require.NoError(t, w.Update(trace.Update{Step: 10, Round: 1}, trace.Move{Path: name, Shape: []int{2, 2}, Kept: mask, Mask: mask,
		Visits: []int32{1, 0, 1, 0}, Weight: make([]float32, 4), Gradient: make([]float32, 4), Score: make([]float32, 4)}))
	require.NoError(t, w.Close())
	r, err := Open(dir)
	require.NoError(t, err)
	defer r.Close()
	r.Name = name
	for _, v := range all {
		f, err := v.draw(r)
		require.NoError(t, err)
		checkFigure(t, f)
		require.NotContains(t, strings.ToLower(f.HTML()), "</script><b", v.name)
		require.NotContains(t, Report(name, f), "<b a", v.name)
	}
}

func ExampleSchedules() {
	plan := Schedules(1000, []int{100, 200, 300},
		Strip{Name: "drop fraction", At: func(step int) float64 { return 0.3 * (1 - float64(step)/1000) }})
	fmt.Println(plan.Title)
	fmt.Println(plan.Alt)
	// Output:
	// What 1000 steps of training will do
	// Charts above each other over steps, with 3 mask updates: drop fraction from 0.3 to 0.
}
