package views

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsekernel/sparsekernel/trace"
	"github.com/sparsekernel/sparsekernel/views/internal/svg"
)

// mostCompared is how many masks are compared with each other.
const mostCompared = 24

// Similarity shows how alike the masks of a layer are at any two updates, by their Jaccard index: whether training settles
// on a topology, and how far it came from where it began. Of a run of many updates, 24 of equal distance are compared.
//
// path names the layer's weight, "" the first layer.
func Similarity(r *Run, path string) (*Figure, error) {
	layer, err := r.layer(path)
	if err != nil {
		return nil, err
	}
	if layer == nil {
		return message("How alike masks are", noMasks), nil
	}
	applied := len(r.Applied())
	count := min(applied, mostCompared)
	var wanted []int
	for i := range count {
		wanted = append(wanted, i*(applied-1)/max(1, count-1))
	}
	var masks [][]bool
	var names []string
	at := 0
	err = r.eachMove(layer.Path, func(u *trace.Update, _ *trace.Layer, moved trace.Transition) {
		if slices.Contains(wanted, at) {
			masks, names = append(masks, moved.After), append(names, fmt.Sprint(u.Step))
		}
		at++
	})
	if err != nil {
		return nil, err
	}
	m := compare(names, masks)
	return &Figure{
		Topic: "Masks compared", Layer: layer.Path,
		Title: fmt.Sprintf("Does the topology of %s settle? Masks after two steps, and the share of their weights that is in both",
			layer.Path),
		Alt: fmt.Sprintf("Matrix of the similarity (Jaccard index) of the masks of %s after %d updates. The first and the last mask: "+
			"%.2f; the last two: %.2f.", layer.Path, count, m.at(0, count-1), m.at(max(0, count-2), count-1)),
		picture: m.draw("after step")}, nil
}

// RunSimilarity shows how alike the last masks of runs are, over all layers, by their Jaccard index: whether they found the
// same network. Runs without masks, or with layers of other shapes than the first one's, are left out.
func RunSimilarity(runs ...*Run) (*Figure, error) {
	const title = "Do runs find the same network? The share of their active weights that is in both"
	var masks [][]bool
	var names, first []string
	for _, r := range runs {
		if len(masks) == mostCompared || r.first() == nil {
			continue
		}
		if len(masks) == 0 {
			first = r.shapes()
		}
		if !slices.Equal(first, r.shapes()) {
			continue
		}
		var all []bool
		for _, path := range r.Layers() {
			moved, err := r.lastMove(path)
			if err != nil {
				return nil, err
			}
			all = append(all, moved.After...)
		}
		masks, names = append(masks, all), append(names, r.Name)
	}
	if len(masks) < 2 {
		return message(title, "There are no two runs of the same layers to compare."), nil
	}
	m := compare(names, masks)
	return &Figure{Title: title, Topic: "Runs compared", picture: m.draw(""),
		Alt: fmt.Sprintf("Matrix of the similarity (Jaccard index) of the last masks of %d runs: %s. "+
			"By chance masks of density d have d/(2−d).", len(names), m.words())}, nil
}

// shapes names the layers with their shapes.
func (r *Run) shapes() []string {
	var shapes []string
	for _, l := range r.first().Layers {
		shapes = append(shapes, fmt.Sprint(l.Path, l.Shape))
	}
	return shapes
}

// matrix holds the similarities of things, row by row.
type matrix struct {
	names []string
	cells []float64
}

func (m matrix) at(i, j int) float64 { return m.cells[i*len(m.names)+j] }

func compare(names []string, masks [][]bool) matrix {
	n := len(masks)
	m := matrix{names, make([]float64, n*n)}
	for i := range n {
		for j := i; j < n; j++ {
			similarity := trace.Similarity(masks[i], masks[j])
			m.cells[i*n+j], m.cells[j*n+i] = similarity, similarity
		}
	}
	return m
}

// words tells the similarities of the first few pairs.
func (m matrix) words() string {
	text, pairs := "", 0
	for i := range m.names {
		for j := i + 1; j < len(m.names) && pairs < 10; j++ {
			if pairs++; pairs > 1 {
				text += ", "
			}
			text += fmt.Sprintf("%s and %s %.2f", m.names[i], m.names[j], m.at(i, j))
		}
	}
	return text
}

// draw draws the matrix, with numbers in the cells if there is room. axis says what the names are.
func (m matrix) draw(axis string) *svg.Document {
	const size, top = 360., 24.
	n := len(m.names)
	longest := 0
	for _, name := range m.names {
		longest = max(longest, len([]rune(name)))
	}
	left := 24 + 6.6*float64(min(longest, 40))
	cell := size / float64(n)
	d := svg.New(720, top+size+26)
	d.Grid(left, top, size, size, n, n, func(i, j int) string { return svg.Heat(m.at(i, j)) })
	every, across := ceilDiv(n, 12), max(1, int(math.Ceil((6.6*float64(longest)+8)/cell)))
	d.Text("soft", 12, top-8, svg.Start, axis)
	for i, name := range m.names {
		if spaced(i, n, across) {
			d.Text("", left+cell*(float64(i)+.5), top+size+18, svg.Middle, name)
		}
		if !spaced(i, n, every) {
			continue
		}
		d.Text("", left-8, top+cell*(float64(i)+.5)+4, svg.End, name)
		if n <= 12 {
			for j := range n {
				class := "onlow"
				if m.at(i, j) > .5 {
					class = "onhigh"
				}
				d.Text(class, left+cell*(float64(j)+.5), top+cell*(float64(i)+.5)+4, svg.Middle, fmt.Sprintf("%.2f", m.at(i, j)))
			}
		}
	}
	for i := range svg.Heats {
		d.Rect(fmt.Sprintf("h%d", i), left+size+30, top+float64(svg.Heats-1-i)*18, 18, 18, "")
	}
	d.Text("", left+size+56, top+12, svg.Start, "1: the same")
	d.Text("", left+size+56, top+18*svg.Heats-2, svg.Start, "0: nothing in common")
	return d
}

// spaced tells whether the i-th of n gets a label, where labels are to be at least so many apart: the first ones, and the last.
func spaced(i, n, apart int) bool { return i == n-1 || i%apart == 0 && n-1-i >= apart }
