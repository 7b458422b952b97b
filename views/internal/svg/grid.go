package svg

// Grid draws rows × columns cells in a rectangle. class names the class of a cell; "" leaves it empty. Neighbors in a row
// that share a class are drawn at once.
func (d *Document) Grid(x, y, width, height float64, rows, columns int, class func(row, column int) string) {
	d.Rect("empty", x, y, width, height, "")
	paths := map[string][]byte{}
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
				order = append(order, name)
			}
			path = appendNumber(append(path, 'M'), x+float64(from)*cell)
			path = appendNumber(append(path, ' '), y+float64(r)*line)
			path = appendNumber(append(path, 'h'), float64(c-from)*cell)
			path = appendNumber(append(path, 'v'), line)
			path = appendNumber(append(path, 'h'), -float64(c-from)*cell)
			paths[name] = append(path, 'z')
		}
	}
	for _, name := range order {
		d.Path(name, string(paths[name]), "")
	}
	d.Rect("frame", x, y, width, height, "")
}
