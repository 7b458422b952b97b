package views

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Budget is a table of what each layer of a run holds after the last update: weights, active weights, density, the share ever
// active, and how many bytes the weights take as float32 when dense, with a bit mask (one bit per weight, and the active
// values) and in compressed sparse rows (the active values, a 4-byte column for each and a 4-byte offset per row).
func Budget(r *Run) *Figure {
	const title = "What the weights cost: exact counts, and bytes by how they are stored"
	const note = "Masked dense in memory while training: no speed-up here."
	applied := r.Applied()
	if len(applied) == 0 || len(applied[0].Layers) == 0 {
		return message(title, noMasks)
	}
	head := []string{"layer", "shape", "weights", "active", "density", "explored", "dense", "bit mask", "CSR"}
	var rows [][]string
	var total ledger
	for _, l := range last(applied).Layers {
		of := newLedger(&l)
		total.add(of)
		rows = append(rows, of.row(l.Path, shapeText(l.Shape)))
	}
	rows = append(rows, total.row("total", ""))
	return &Figure{Title: title, Topic: "Budget",
		Alt: fmt.Sprintf("Table of %d layers: %d of %d weights are active, %.2f%%; %s dense, %s with a bit mask, %s as CSR.",
			len(rows)-1, total.active, total.size, percent(total.active, total.size),
			bytesText(total.dense()), bytesText(total.bitMask), bytesText(total.csr)),
		picture: drawTable(head, rows, note), widget: &widget{markup: tableMarkup(title, head, rows, note)}}
}

// ledger counts weights and bytes.
type ledger struct{ size, active, explored, bitMask, csr int }

func newLedger(l *trace.Layer) ledger {
	rows := l.Size / last(l.Shape)
	return ledger{size: l.Size, active: l.Active, explored: l.Explored,
		bitMask: ceilDiv(l.Size, 8) + 4*l.Active, csr: 8*l.Active + 4*(rows+1)}
}

func (l ledger) dense() int { return 4 * l.size }

func (l *ledger) add(other ledger) {
	l.size += other.size
	l.active += other.active
	l.explored += other.explored
	l.bitMask += other.bitMask
	l.csr += other.csr
}

func (l ledger) row(name, shape string) []string {
	return []string{name, shape, strconv.Itoa(l.size), strconv.Itoa(l.active), fmt.Sprintf("%.2f%%", percent(l.active, l.size)),
		fmt.Sprintf("%.2f%%", percent(l.explored, l.size)), bytesText(l.dense()), bytesText(l.bitMask), bytesText(l.csr)}
}

// shapeText is a shape such as 64×300.
func shapeText(shape []int) string {
	dims := make([]string, len(shape))
	for i, dim := range shape {
		dims[i] = strconv.Itoa(dim)
	}
	return strings.Join(dims, "×")
}

// bytesText is a number of bytes such as 1.2 MB.
func bytesText(n int) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.2f MB", float64(n)/1000/1000)
}

// drawTable draws a table whose first column is of names.
func drawTable(head []string, rows [][]string, note string) *svg.Document {
	const line, gap, letter = 22., 22., 6.8
	widths := make([]float64, len(head))
	for _, cells := range append([][]string{head}, rows...) {
		for i, cell := range cells {
			widths[i] = max(widths[i], letter*float64(len([]rune(cell))))
		}
	}
	width := gap
	for _, w := range widths {
		width += w + gap
	}
	width = max(720, width)
	notes := wrapped(note, int((width-2*gap)/letter))
	d := svg.New(width, line*float64(len(rows)+2+len(notes)))
	write := func(class string, row int, cells []string) {
		x, y := gap, line*float64(row+1)
		for i, cell := range cells {
			if i == 0 {
				d.Text(class, x, y, svg.Start, cell)
			} else {
				d.Text(class, x+widths[i], y, svg.End, cell)
			}
			x += widths[i] + gap
		}
		d.Line("grid", gap, y+6, width-gap, y+6)
	}
	write("soft", 0, head)
	for i, cells := range rows {
		write("", i+1, cells)
	}
	for i, text := range notes {
		d.Text("soft", gap, line*float64(len(rows)+2+i), svg.Start, text)
	}
	return d
}

// wrapped breaks a text between words into lines of at most so many letters, as far as words allow.
func wrapped(text string, letters int) (lines []string) {
	for _, word := range strings.Fields(text) {
		if n := len(lines); n > 0 && len([]rune(lines[n-1]))+1+len([]rune(word)) <= letters {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// tableMarkup is the table in HTML.
func tableMarkup(caption string, head []string, rows [][]string, note string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<div class="scroll" tabindex="0" role="group" aria-label="%s"><table><thead><tr>`, html.EscapeString(caption))
	for _, cell := range head {
		fmt.Fprintf(&b, `<th scope="col">%s</th>`, html.EscapeString(cell))
	}
	b.WriteString("</tr></thead><tbody>")
	for _, cells := range rows {
		fmt.Fprintf(&b, `<tr><th scope="row">%s</th>`, html.EscapeString(cells[0]))
		for _, cell := range cells[1:] {
			fmt.Fprintf(&b, "<td>%s</td>", html.EscapeString(cell))
		}
		b.WriteString("</tr>")
	}
	fmt.Fprintf(&b, "</tbody></table></div><p>%s</p>", html.EscapeString(note))
	return b.String()
}
