package show

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/views"
)

func TestMatrix(t *testing.T) {
	html := Matrix{Title: "a < b", Columns: 3, Values: []float64{1, -2, math.NaN(), 4, 5, math.Inf(1)},
		Marks: []Mark{Active, Dropped, Inactive, Grown, Regrown, Inactive}}.HTML()
	require.Contains(t, html, "a &lt; b")
	require.Equal(t, 2, strings.Count(html, "<tr>"))
	for _, cell := range []string{">1.00<", ">↓ -2.00<", "></td>", ">↑ 4.00<", ">↕ 5.00<", ">+Inf<"} {
		require.Contains(t, html, cell)
	}
}

// Heat runs from the lightest color to the darkest, whatever the values are.
func TestHeat(t *testing.T) {
	html := Matrix{Columns: 4, Values: []float64{-1, 0, 2, 4}, Heat: true, Format: "%.0f"}.HTML()
	require.Equal(t, 2, strings.Count(html, "#edf4fa"))
	require.Equal(t, 1, strings.Count(html, "#003c78; color: #ffffff"))
	for _, values := range [][]float64{{0, 0}, {math.NaN(), math.Inf(1)}, {math.Inf(-1), -3}} {
		require.NotContains(t, Matrix{Columns: 2, Values: values, Heat: true}.HTML(), "%!")
	}
}

// Values that do not make a matrix are said to, instead of a panic in somebody's cell.
func TestMatrixOfNoShape(t *testing.T) {
	for _, m := range []Matrix{
		{Columns: 0, Values: []float64{1}},
		{Columns: 2, Values: []float64{1, 2, 3}},
		{Columns: 1, Values: []float64{1}, Marks: []Mark{Active, Active}},
	} {
		require.Contains(t, m.HTML(), "do not make a matrix")
	}
	require.Contains(t, Matrix{Columns: 2}.HTML(), "<table")
}

func TestSliderTwin(t *testing.T) {
	for _, test := range []struct {
		choices, start int
		want           string
	}{
		{1, 0, "0"}, {2, 0, "01"}, {2, 1, "01"}, {5, 2, "024"}, {5, 4, "04"},
	} {
		require.Equal(t, test.want, sliderTwin(test.choices, test.start, strconv.Itoa))
	}
}

// Outside a notebook nothing is shown, asked of a browser or waited for.
func TestOutsideNotebooks(t *testing.T) {
	HTML("<p>")
	NewPanel().Show("<p>")
	Figures(views.WhatIf("nothing", nil))
	never := func(int) string { t.Error("drawn"); return "" }
	Slider("c", []string{"0"}, 0, never)
	Button("go", never)
}

func TestLegend(t *testing.T) {
	html := Legend(Active, Dropped, Grown, Regrown)
	for _, want := range []string{"active", "↓", "dropped", "↑", "grown", "↕", "dropped and regrown"} {
		require.Contains(t, html, want)
	}
}

// Readers without scripts get a picture, readers without pictures words.
func TestBundle(t *testing.T) {
	f := views.WhatIf("one update", []views.WhatIfPoint{{RigL: 1}, {C: 1, NeverActive: 1}})
	forms := bundle(f)
	require.Equal(t, f.HTML(), forms[protocol.MIMETextHTML])
	require.Equal(t, f.SVG(), forms[protocol.MIMEImageSVG])
	require.Equal(t, f.Title+"\n"+f.Alt, forms[protocol.MIMETextPlain])
}
