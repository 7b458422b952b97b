package svg

import (
	"fmt"
	"strconv"
)

// Grid draws rows × columns cells in a rectangle. class names the class of a cell; "" leaves it empty. Neighbors in a row
// that share a class are drawn at once, and paths count in cells, so that a map of thousands of cells is not large.
func (d *Document) Grid(x, y, width, height float64, rows, columns int, class func(row, column int) string) {
	d.Rect("empty", x, y, width, height, "")
	paths := map[string][]byte{}
	var order []string
	for r := range rows {
		for c := 0; c < columns; {
			name, from := class(r, c), c
			for c++; c < columns && class(r, c) == name; c++ {
			}
			if name == "" {
				continue
			}
			path, found := paths[name]
			if !found {
				order = append(order, name)
			}
			path = strconv.AppendInt(append(path, 'M'), int64(from), 10)
			path = strconv.AppendInt(append(path, ' '), int64(r), 10)
			path = strconv.AppendInt(append(path, 'h'), int64(c-from), 10)
			path = strconv.AppendInt(append(path, "v1h-"...), int64(c-from), 10)
			paths[name] = append(path, 'z')
		}
	}
	fmt.Fprintf(&d.body, `<g transform="translate(%s %s) scale(%s %s)" shape-rendering="crispEdges">`, Number(x), Number(y),
		scaleNumber(width/float64(columns)), scaleNumber(height/float64(rows)))
	for _, name := range order {
		d.Path(name, string(paths[name]), "")
	}
	d.body.WriteString("</g>")
	d.Rect("frame", x, y, width, height, "")
}

// scaleNumber formats the size of a cell: with digits enough for a thousand of them.
func scaleNumber(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
