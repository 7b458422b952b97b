package views

import (
	"fmt"

	"github.com/sparsekernel/sparsekernel/trace"
)

// Most rows and columns of a map. A larger layer is shown in cells of several weights.
const maxMapRows, maxMapColumns = 96, 128

// The same, of maps side by side.
const maxStillRows, maxStillColumns = 64, 80

// The same, of the interactive map of masks, as long as there are not too many weights.
const maxLiveRows, maxLiveColumns, maxLiveSize = 300, 512, 40_000

// Masks shows a layer's mask through the rounds of a run: which weights an update kept, dropped, grew or regrew. Rows are
// inputs, columns outputs; the places of a convolution's kernel are above each other. In a layer of more than 64 × 80 weights,
// or in the interactive form of more than 40,000, a cell stands for a block of weights, and its color for the share of them
// that is active.
//
// path names the layer's weight, "" the first layer.
func Masks(r *Run, path string) (*Figure, error) {
	layer, err := r.layer(path)
	if err != nil {
		return nil, err
	}
	if layer == nil {
		return message("The mask moves", noMasks), nil
	}
	still, live := newMaskMap(layer, maxStillRows, maxStillColumns), newMaskMap(layer, maxMapRows, maxMapColumns)
	if layer.Size <= maxLiveSize {
		live = newMaskMap(layer, maxLiveRows, maxLiveColumns)
	}
	strip, moving := still.frames(), live.frames()
	err = r.eachMove(layer.Path, func(u *trace.Update, l *trace.Layer, moved trace.Transition) {
		fates := moved.Fates()
		strip.cells, strip.short = append(strip.cells, still.cells(fates)), append(strip.short, fmt.Sprintf("after step %d", u.Step))
		moving.cells, moving.captions = append(moving.cells, live.cells(fates)), append(moving.captions, maskCaption(u, l))
	})
	if err != nil {
		return nil, err
	}
	widget, err := moving.widget("round of mask updates", min(1, len(moving.cells)-1)) // The first that moves something.
	if err != nil {
		return nil, err
	}
	applied := r.Applied()
	first, last := applied[0], applied[len(applied)-1]
	title := fmt.Sprintf("The mask of %s moves: dropped where weights are small, grown where the score is high", layer.Path)
	if !live.whole() {
		title = fmt.Sprintf("The mask of %s moves: where its active weights are", layer.Path)
	}
	return &Figure{Title: title, Topic: "Mask", Layer: layer.Path,
		Alt: fmt.Sprintf("Maps of the mask of %s, %d × %d weights, from round %d to round %d of %s: "+
			"%d of %d weights are active at the end.", layer.Path, still.rows, still.columns, first.Round, last.Round, r.Name, last.Layer(layer.Path).Active, layer.Size),
		picture: strip.strip(6), widget: widget,
	}, nil
}

func maskCaption(u *trace.Update, l *trace.Layer) string {
	if u.Step == 0 {
		return fmt.Sprintf("before training: %d active", l.Active)
	}
	return fmt.Sprintf("round %d, step %d: dropped %d, grew %d, regrew %d",
		u.Round, u.Step, l.Dropped-l.Regrown, l.Grown-l.Regrown, l.Regrown)
}

// maskMap is how a layer is laid out in cells: rows of inputs, columns of outputs.
type maskMap struct {
	rows, columns int // Of weights.
	down, across  int // Cells, which share the rows and columns of weights out as evenly as they can.
}

// newMaskMap lays a layer out in at most the given number of rows and columns; in a cell for each weight if no more cells
// than that are needed, as long as they are not too narrow.
func newMaskMap(l *trace.Layer, maxRows, maxColumns int) maskMap {
	const narrow = 4
	columns := last(l.Shape)
	rows := l.Size / columns
	if l.Size <= maxRows*maxColumns && rows <= narrow*maxRows && columns <= narrow*maxColumns {
		return maskMap{rows: rows, columns: columns, down: rows, across: columns}
	}
	return maskMap{rows: rows, columns: columns, down: min(rows, maxRows), across: min(columns, maxColumns)}
}

// whole tells whether each cell is a weight.
func (m maskMap) whole() bool { return m.down == m.rows && m.across == m.columns }

// block says how many weights a cell stands for.
func (m maskMap) block() string {
	return fmt.Sprintf("%.2g × %.2g", float64(m.rows)/float64(m.down), float64(m.columns)/float64(m.across))
}

// frames returns frames without cells. Values are fates, or where cells hold several weights the share that is active.
func (m maskMap) frames() *frames {
	if m.whole() {
		return &frames{rows: m.rows, columns: m.columns,
			classes: []string{"", "kept", "dropped", "grown", "regrown"},
			colors:  []string{"--empty", "--kept", "--c1", "--c0", "--c4"},
			legend:  []string{"inactive", "kept", "dropped", "grown", "dropped and regrown"}}
	}
	return densityHeat.frames(m.down, m.across, "no weight active", " of a cell's "+m.block()+" weights active")
}

// cells returns the values of a frame.
func (m maskMap) cells(fates []trace.Fate) []byte {
	if m.whole() {
		cells := make([]byte, len(fates))
		for i, fate := range fates {
			cells[i] = byte(fate)
		}
		return cells
	}
	return densityHeat.cells(m.means(func(i int) float64 {
		switch fates[i] {
		case trace.Kept, trace.Grown, trace.Regrown:
			return 1
		}
		return 0
	}))
}

// means returns for each cell the mean of a value over its weights.
func (m maskMap) means(value func(weight int) float64) []float64 {
	sums, counts := make([]float64, m.down*m.across), make([]int, m.down*m.across)
	cell := make([]int, m.columns)
	for c := range cell {
		cell[c] = c * m.across / m.columns
	}
	for r := range m.rows {
		first := r * m.down / m.rows * m.across
		for c, at := range cell {
			sums[first+at] += value(r*m.columns + c)
			counts[first+at]++
		}
	}
	for at := range sums {
		sums[at] /= float64(counts[at])
	}
	return sums
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
