package show

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Mark tells what became of an entry of a [Matrix]. Marks differ by an arrow as well as by color.
type Mark int

const (
	Inactive Mark = iota // Not in the mask.
	Active               // In the mask.
	Dropped              // Left the mask.
	Grown                // Entered the mask.
	Regrown              // Left the mask and entered it at once.
)

// marks are the arrow, name and color of each mark. The colors are those of Okabe and Ito ("Color universal design",
// 2008), which people with any color vision tell apart.
var marks = [...]struct{ arrow, name, color string }{
	Inactive: {"", "inactive", "transparent"},
	Active:   {"", "active", "#a6cde8"},
	Dropped:  {"↓ ", "dropped", "#f3b48a"},
	Grown:    {"↑ ", "grown", "#8fd6bf"},
	Regrown:  {"↕ ", "dropped and regrown", "#e6b8d3"},
}

// Matrix is a table of the numbers of a matrix. It needs neither script nor style sheet: what shows notebooks elsewhere
// leaves these out.
type Matrix struct {
	Title   string
	Columns int
	Values  []float64 // Row by row; NaN is left empty.
	Format  string    // Of the values, for fmt; "" is "%.2f".
	Marks   []Mark    // Of each value; nil for none.
	Heat    bool      // Colors each value by its share of the largest, in place of marks.
}

// HTML is the table as HTML.
func (m Matrix) HTML() string {
	if m.Columns < 1 || len(m.Values)%m.Columns != 0 || (m.Marks != nil && len(m.Marks) != len(m.Values)) {
		return fmt.Sprintf("<p>%s: %d values and %d marks do not make a matrix of %d columns.</p>", html.EscapeString(m.Title),
			len(m.Values), len(m.Marks), m.Columns)
	}
	largest := 0.0
	for _, value := range m.Values {
		if value > largest && !math.IsInf(value, 0) {
			largest = value
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<table style="border-collapse: collapse; margin: 0 12px 12px 0"><caption style="text-align: left; white-space: nowrap">%s</caption>`,
		html.EscapeString(m.Title))
	for i, value := range m.Values {
		if i%m.Columns == 0 {
			b.WriteString("\n<tr>")
		}
		b.WriteString(m.cell(i, value, largest))
		if (i+1)%m.Columns == 0 {
			b.WriteString("</tr>")
		}
	}
	b.WriteString("\n</table>")
	return b.String()
}

// cell is the HTML of entry i.
func (m Matrix) cell(i int, value, largest float64) string {
	background, ink, arrow := "transparent", "inherit", ""
	switch {
	case m.Heat:
		background, ink = heat(value, largest)
	case m.Marks != nil && m.Marks[i] != Inactive:
		mark := marks[m.Marks[i]]
		background, ink, arrow = mark.color, "#111827", mark.arrow
	}
	text := ""
	if !math.IsNaN(value) {
		format := m.Format
		if format == "" {
			format = "%.2f"
		}
		text = fmt.Sprintf(format, value)
	}
	return fmt.Sprintf(`<td style="border: 1px solid #9ca3af; padding: 2px 4px; text-align: right; background-color: %s; color: %s">%s%s</td>`,
		background, ink, arrow, html.EscapeString(text))
}

// heat is a color between light and dark blue, and one for text upon it.
func heat(value, largest float64) (background, ink string) {
	if !(value > 0) || !(largest > 0) {
		return "#edf4fa", "#111827"
	}
	share := min(value/largest, 1)
	from, to := [3]float64{237, 244, 250}, [3]float64{0, 60, 120}
	var mixed [3]int
	for i := range mixed {
		mixed[i] = int(from[i] + share*(to[i]-from[i]))
	}
	ink = "#111827"
	if share > 0.45 {
		ink = "#ffffff"
	}
	return fmt.Sprintf("#%02x%02x%02x", mixed[0], mixed[1], mixed[2]), ink
}

// Row puts fragments of HTML side by side, as far as there is room.
func Row(fragments ...string) string {
	return `<div style="display: flex; flex-wrap: wrap">` + "\n<div>" + strings.Join(fragments, "</div>\n<div>") + "</div>\n</div>"
}

// Legend explains marks in a line of HTML.
func Legend(of ...Mark) string {
	parts := make([]string, len(of))
	for i, mark := range of {
		m := marks[mark]
		sample := strings.TrimSpace(m.arrow)
		if sample == "" {
			sample = "&nbsp;"
		}
		parts[i] = fmt.Sprintf(`<span style="border: 1px solid #9ca3af; padding: 0 7px; background-color: %s; color: #111827">%s</span> %s`,
			m.color, sample, m.name)
	}
	return "<p>" + strings.Join(parts, " &nbsp; ") + "</p>"
}
