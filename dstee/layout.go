package dstee

import (
	"fmt"
	"math"
	"slices"
)

// layout is how a [Structure] divides the weights of one layer into units and groups. In memory, the weights are a matrix of
// rows × cols, row by row, and the units another.
type layout struct {
	structure          Structure
	rows, cols         int // Of weights.
	unitRows, unitCols int // The weights of a unit.

	// groupRows is how many units, consecutive in a column, make a group; 0 if there are no groups. perGroup is how many of
	// them are active, 0 if the density decides it, equally for all living columns.
	groupRows, perGroup int
}

// size is the number of weights, unit how many a unit has, units how many units there are, columns how many columns of them.
func (l layout) size() int    { return l.rows * l.cols }
func (l layout) unit() int    { return l.unitRows * l.unitCols }
func (l layout) units() int   { return l.size() / l.unit() }
func (l layout) columns() int { return l.cols / l.unitCols }

// grouped tells whether units have counts by group, plain whether there is no structure at all.
func (l layout) grouped() bool { return l.groupRows != 0 }
func (l layout) plain() bool   { return !l.grouped() && l.unit() == 1 }

// step is how many weights the layer's count changes by at least.
func (l layout) step() int {
	if l.grouped() {
		return l.columns()
	}
	return l.unit()
}

// round returns the number of active weights nearest to the given one that the layer can have with all of its columns alive.
func (l layout) round(active int) int {
	if l.plain() {
		return active
	}
	if l.perGroup != 0 {
		return l.size() / l.groupRows * l.perGroup
	}
	return roundTo(active, l.step(), l.size())
}

// active returns how many of the layer's weights are active at a density: at least one, so that it is not dead.
func (l layout) active(density float64) int {
	return l.round(max(1, int(math.Round(density*float64(l.size())))))
}

// groupCounts returns for each column how many units of each of its groups are active, if the layer is to have the given
// number of active units and only living columns have any.
func (l layout) groupCounts(active int, living []bool) []int {
	count := l.perGroup
	if count == 0 {
		alive := max(1, countTrue(living))
		count = min(max(1, int(math.Round(float64(active)/float64(alive)))), l.groupRows)
	}
	counts := make([]int, len(living))
	for i, lives := range living {
		if lives {
			counts[i] = count
		}
	}
	return counts
}

// unitsOf returns which units of a mask of weights are active: those with an active weight.
func (l layout) unitsOf(mask []bool) []bool {
	if l.unit() == 1 {
		return mask
	}
	units := make([]bool, l.units())
	l.eachRow(func(row, unitRow int, unitOf []int32) {
		for column, active := range mask[row : row+l.cols] {
			if active {
				units[unitRow+int(unitOf[column])] = true
			}
		}
	})
	return units
}

// expand returns the mask of weights whose units are active.
func (l layout) expand(units []bool) []bool {
	if l.unit() == 1 {
		return units
	}
	mask := make([]bool, l.size())
	l.eachRow(func(row, unitRow int, unitOf []int32) {
		for column := range mask[row : row+l.cols] {
			mask[row+column] = units[unitRow+int(unitOf[column])]
		}
	})
	return mask
}

// eachRow calls fn for each row of weights with the indices of its first weight and of the first unit of its row of units, and
// the columns of units by columns of weights.
func (l layout) eachRow(fn func(row, unitRow int, unitOf []int32)) {
	unitOf := l.unitColumns()
	for row := range l.rows {
		fn(row*l.cols, row/l.unitRows*l.columns(), unitOf)
	}
}

// unitColumns returns the column of units that each column of weights is in.
func (l layout) unitColumns() []int32 {
	unitOf := make([]int32, l.cols)
	for column := range unitOf {
		unitOf[column] = int32(column / l.unitCols)
	}
	return unitOf
}

// perColumn counts the active units of each column.
func (l layout) perColumn(units []bool) []int {
	counts := make([]int, l.columns())
	for i, active := range units {
		if active {
			counts[i%len(counts)]++
		}
	}
	return counts
}

// members returns the units of a group, which are counted along the columns: the first unit, and how far one is from the next.
func (l layout) members(group int) (first, stride int) {
	stride = l.columns()
	return group/stride*l.groupRows*stride + group%stride, stride
}

// living tells which columns have any active unit, or may get one: all, unless outputs can die.
func (l layout) living(perColumn []int) []bool {
	living := make([]bool, len(perColumn))
	for i, n := range perColumn {
		living[i] = n > 0 || !l.structure.ablates()
	}
	return living
}

// check says whether a mask has the structure.
func (l layout) check(mask []bool) error {
	if l.plain() {
		return nil
	}
	units := l.unitsOf(mask)
	if l.unit() > 1 && !slices.Equal(l.expand(units), mask) {
		return fmt.Errorf("the mask does not have the structure %q: some blocks are active in part", l.structure)
	}
	if !l.grouped() {
		return nil
	}
	counts := l.groupCounts(countTrue(units), l.living(l.perColumn(units)))
	for group := range len(units) / l.groupRows {
		if n, want := l.inGroup(units, group), counts[group%l.columns()]; n != want {
			return fmt.Errorf("the mask does not have the structure %q: a group of output %d has %d active weights, it must have %d",
				l.structure, group%l.columns(), n, want)
		}
	}
	return nil
}

// within tells whether units, some of them active, can be filled up to the given number without leaving the structure.
func (l layout) within(units []bool, active int) bool {
	n := countTrue(units)
	if n == 0 || (n > active && l.perGroup == 0) {
		return false
	}
	if !l.grouped() {
		return true
	}
	counts := l.groupCounts(active, l.living(l.perColumn(units)))
	for group := range len(units) / l.groupRows {
		if l.inGroup(units, group) > counts[group%l.columns()] {
			return false
		}
	}
	return true
}

// inGroup counts the active units of a group.
func (l layout) inGroup(units []bool, group int) (n int) {
	first, stride := l.members(group)
	for j := range l.groupRows {
		if units[first+j*stride] {
			n++
		}
	}
	return n
}

// ablate returns which of the living columns go on living, by the number of salient units of each: those with at least
// γ · fan-in, and if these are fewer than the active units need, the best of the others.
func (l layout) ablate(living []bool, salient []int, fanIn, active int) []bool {
	var order []int
	for i, lives := range living {
		if lives {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return salient[b] - salient[a] })
	needed := max(1, (active+l.groupRows-1)/l.groupRows)
	left := make([]bool, len(living))
	for rank, i := range order {
		left[i] = rank < needed || float64(salient[i]) >= l.structure.gamma*float64(fanIn)
	}
	return left
}
