package dstee

import (
	"cmp"
	"math/bits"
	"slices"
	"sync/atomic"
)

// topKOfGroups adds to c.selected, in each group of the layout, as many of the group's open entries as counts says for its
// column, those already selected included; those of highest score.
//
// It reads the columns of a tile together, row by row as they lie in memory.
func topKOfGroups(c *contest, l layout, counts []int) {
	columns := l.columns()
	tileColumns := min(columns, max(16, 4096/l.groupRows))
	tilesAcross := (columns + tileColumns - 1) / tileColumns
	tiles := l.units() / l.groupRows / columns * tilesAcross
	buffers := make([][][]uint64, numWorkers(tiles))
	inParallel(tiles, func(worker, tile int) {
		if buffers[worker] == nil {
			buffers[worker] = make([][]uint64, tileColumns)
			for column := range buffers[worker] {
				buffers[worker][column] = make([]uint64, 0, l.groupRows)
			}
		}
		begin := tile % tilesAcross * tileColumns
		end := min(begin+tileColumns, columns)
		c.refillTile(l, tile/tilesAcross*l.groupRows, begin, end, counts, buffers[worker])
	})
}

// refillTile selects in the groups that begin at the given row, in the columns from begin to end.
func (c *contest) refillTile(l layout, row, begin, end int, counts []int, candidates [][]uint64) {
	columns := l.columns()
	need := make([]int, end-begin)
	for column := range need {
		need[column] = counts[begin+column]
		candidates[column] = candidates[column][:0]
	}
	for j := range l.groupRows {
		for column := range need {
			i := (row+j)*columns + begin + column
			switch {
			case c.selected.hasShared(i):
				need[column]--
			case c.open.has(i):
				// Equal scores are ranked by falling row.
				candidates[column] = append(candidates[column], uint64(rankKey(c.scores[i]))<<32|uint64(l.groupRows-j))
			}
		}
	}
	for column, n := range need {
		for _, key := range highest(candidates[column], n) {
			j := l.groupRows - int(uint32(key))
			c.selected.addShared((row+j)*columns + begin + column)
		}
	}
}

// addShared and hasShared are add and has while other goroutines add.
func (s bitset) addShared(i int)      { atomic.OrUint64(&s[i>>6], 1<<(i&63)) }
func (s bitset) hasShared(i int) bool { return atomic.LoadUint64(&s[i>>6])>>(i&63)&1 != 0 }

// highest returns the n highest of the keys, all different, or all if there are fewer, in any order. It moves keys about.
//
// It is quickselect (Hoare, 1961) with the median of three as pivot, down to where sorting is as quick.
func highest(keys []uint64, n int) []uint64 {
	if n <= 0 {
		return nil
	}
	if n >= len(keys) {
		return keys
	}
	low, high := 0, len(keys) // The n-th highest is among keys[low:high].
	for limit := 2 * bits.Len(uint(len(keys))); high-low > 16 && limit > 0; limit-- {
		part := keys[low:high]
		pivot := median3(part[0], part[len(part)/2], part[len(part)-1])
		i, j := 0, len(part)-1
		for i <= j {
			for part[i] > pivot {
				i++
			}
			for part[j] < pivot {
				j--
			}
			if i <= j {
				part[i], part[j] = part[j], part[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case n <= low+j+1:
			high = low + j + 1
		case n > low+i:
			low += i
		default:
			return keys[:n]
		}
	}
	slices.SortFunc(keys[low:high], func(a, b uint64) int { return cmp.Compare(b, a) })
	return keys[:n]
}

func median3(a, b, c uint64) uint64 { return max(min(a, b), min(max(a, b), c)) }
