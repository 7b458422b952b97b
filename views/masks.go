package views

import (
	"fmt"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// Most rows and columns of a map of masks. A larger layer is shown in cells of several weights.
const maxMapRows, maxMapColumns = 96, 128

// Masks shows a layer's mask through the rounds of a run: which weights an update kept, dropped, grew or regrew. Rows are
// inputs, columns outputs; the places of a convolution's kernel are above each other. In a layer of more than 96 × 128
// weights a cell stands for a block of weights, and its color for the share of them that is active.
//
// path names the layer's weight, "" the first layer.
func Masks(r *Run, path string) (*Figure, error) {
	layer, err := r.layer(path)
	if err != nil {
		return nil, err
	}
	columns := layer.Shape[len(layer.Shape)-1]
	m := maskMap{rows: layer.Size / columns, columns: columns}
	m.cellRows, m.cellColumns = ceilDiv(m.rows, maxMapRows), ceilDiv(m.columns, maxMapColumns)
	f := m.frames()
	for _, u := range r.Applied() {
		transition, err := r.index.Transition(u.Round, layer.Path)
		if err != nil {
			return nil, fmt.Errorf("views: %w", err)
		}
		l := u.Layer(layer.Path)
		f.cells = append(f.cells, m.cells(transition.Fates()))
		f.captions, f.short = append(f.captions, maskCaption(u, l)), append(f.short, fmt.Sprintf("after step %d", u.Step))
	}
	title := fmt.Sprintf("The mask of %s moves: dropped where weights are small, grown where the score is high", layer.Path)
	widget, err := f.widget("round of mask updates")
	if err != nil {
		return nil, err
	}
	first, last := r.Applied()[0], r.Applied()[len(f.cells)-1]
	alt := fmt.Sprintf("Maps of the mask of %s, %d × %d weights, from round %d to round %d of %s: %d of %d weights are active at the end.",
		layer.Path, m.rows, m.columns, first.Round, last.Round, r.Name, last.Layer(layer.Path).Active, layer.Size)
	return &Figure{Title: title, Alt: alt, picture: f.strip(6), widget: widget}, nil
}

func maskCaption(u *trace.Update, l *trace.Layer) string {
	if u.Step == 0 {
		return fmt.Sprintf("before training: %d active", l.Active)
	}
	return fmt.Sprintf("round %d, step %d: dropped %d, grew %d, regrew %d", u.Round, u.Step, l.Dropped-l.Regrown, l.Grown-l.Regrown, l.Regrown)
}

// maskMap is how a layer is laid out in cells.
type maskMap struct {
	rows, columns         int // Of weights.
	cellRows, cellColumns int // Weights in a cell.
}

// whole tells whether each cell is a weight.
func (m maskMap) whole() bool { return m.cellRows == 1 && m.cellColumns == 1 }

// frames returns frames without cells. Values are fates, or where cells hold several weights the share that is active.
func (m maskMap) frames() *frames {
	f := &frames{rows: ceilDiv(m.rows, m.cellRows), columns: ceilDiv(m.columns, m.cellColumns)}
	if m.whole() {
		f.classes = []string{"", "kept", "dropped", "grown", "regrown"}
		f.colors = []string{"--empty", "--kept", "--c1", "--c0", "--c4"}
		f.legend = []string{"inactive", "kept", "dropped", "grown", "dropped and regrown"}
		return f
	}
	f.classes, f.colors, f.legend = []string{""}, []string{"--empty"}, []string{"no weight active"}
	for i, color := range svg.HeatColors {
		f.classes, f.colors, f.legend = append(f.classes, fmt.Sprintf("h%d", i)), append(f.colors, color), append(f.legend, "")
	}
	f.legend[1] = "few"
	f.legend[svg.Heats] = fmt.Sprintf("more than 90%% of the %d × %d weights of a cell active", m.cellRows, m.cellColumns)
	return f
}

// cells returns the values of a frame.
func (m maskMap) cells(fates []trace.Fate) []byte {
	rows, columns := ceilDiv(m.rows, m.cellRows), ceilDiv(m.columns, m.cellColumns)
	cells := make([]byte, rows*columns)
	if m.whole() {
		for i, fate := range fates {
			cells[i] = byte(fate)
		}
		return cells
	}
	active, size := make([]int, len(cells)), make([]int, len(cells))
	for i, fate := range fates {
		at := i/m.columns/m.cellRows*columns + i%m.columns/m.cellColumns
		size[at]++
		if fate == trace.Kept || fate == trace.Grown || fate == trace.Regrown {
			active[at]++
		}
	}
	for at := range cells {
		if active[at] > 0 {
			cells[at] = byte(1 + min(svg.Heats-1, active[at]*svg.Heats/size[at]))
		}
	}
	return cells
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
