package svg

import (
	"fmt"
	"strings"
)

// Grid draws rows × columns cells in a rectangle. class names the class of a cell; "" leaves it empty. Neighbors in a row
// that share a class are drawn at once.
func (d *Document) Grid(x, y, width, height float64, rows, columns int, class func(row, column int) string) {
	d.Rect("empty", x, y, width, height, "")
	paths := map[string]*strings.Builder{}
	var order []string
	cell, line := width/float64(columns), height/float64(rows)
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
				path = &strings.Builder{}
				paths[name] = path
				order = append(order, name)
			}
			fmt.Fprintf(path, "M%s %sh%sv%sh%sz", Number(x+float64(from)*cell), Number(y+float64(r)*line),
				Number(float64(c-from)*cell), Number(line), Number(-float64(c-from)*cell))
		}
	}
	for _, name := range order {
		d.Path(name, paths[name].String(), "")
	}
	d.Rect("frame", x, y, width, height, "")
}
