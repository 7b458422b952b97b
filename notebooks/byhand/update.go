// Package byhand opens up one mask update of DST-EE on a layer that is small enough to be read: every number that decides
// which weights go and which come, as plain Go computes it. That package dstee decides the same is tested.
package byhand

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// Layer is a layer before a mask update, with the numbers that the update depends on. Entries are row by row.
type Layer struct {
	Rows, Columns int
	Weight        []float32 // 0 where inactive.
	Gradient      []float32 // Of the loss with respect to each weight, active or not.
	Mask          []bool    // True where active.
	Visits        []int32   // N: in how many topologies, the first included, a weight was active.
	Step          int       // t: the optimizer step.
	DropFraction  float64   // Of the active weights.
	Epsilon       float64
}

// Example returns a layer of 6×6 weights of which 12 are active, at step 400. Seeds give different ones.
func Example(seed uint64) Layer {
	const rows, columns, active = 6, 6, 12
	rng := rand.New(rand.NewPCG(seed, 0))
	l := Layer{Rows: rows, Columns: columns, Step: 400, DropFraction: 0.3, Epsilon: 1,
		Weight:   make([]float32, rows*columns),
		Gradient: make([]float32, rows*columns),
		Mask:     make([]bool, rows*columns),
		Visits:   make([]int32, rows*columns)}
	hundredths := func(scale float64) float32 { return float32(math.Round(100*scale*rng.NormFloat64()) / 100) }
	for i, at := range rng.Perm(rows * columns) {
		l.Gradient[at] = hundredths(0.3)
		l.Visits[at] = int32(rng.IntN(4))
		if i < active {
			l.Mask[at] = true
			l.Weight[at] = hundredths(0.5)
			l.Visits[at]++
		}
	}
	return l
}

// Update is a mask update opened up. All slices have an entry for each weight.
type Update struct {
	Layer
	C float64

	Kept []bool // The mask after the drop.
	Drop int    // How many weights were dropped, and then grown: ⌈fraction · active⌉.

	Exploitation []float32 // |g|
	Exploration  []float32 // c·ln t / (N+ε)
	Score        []float32 // Their sum, by which inactive weights grow.

	Grown []bool // Those chosen; some may have been dropped a moment before.
}

// Update chooses which weights to drop and which to grow, with c the coefficient of exploration. It is done in Float32,
// operation by operation as [dstee.DSTEE] does it.
func (l Layer) Update(c float64) Update {
	size, active := len(l.Mask), l.active()
	u := Update{Layer: l, C: c, Drop: int(math.Ceil(l.DropFraction * float64(active))),
		Exploitation: make([]float32, size), Exploration: make([]float32, size), Score: make([]float32, size)}

	u.Kept = slices.Clone(l.Mask)
	magnitude := func(i int) float32 { return float32(math.Abs(float64(l.Weight[i]))) }
	for _, i := range l.order(l.Mask, true, magnitude)[active-u.Drop:] {
		u.Kept[i] = false
	}

	bonus := float32(c) * float32(math.Log(float64(l.Step)))
	for i := range size {
		u.Exploitation[i] = float32(math.Abs(float64(l.Gradient[i])))
		u.Exploration[i] = bonus / (float32(l.Visits[i]) + float32(l.Epsilon))
		u.Score[i] = u.Exploitation[i] + u.Exploration[i]
	}
	u.Grown = make([]bool, size)
	for _, i := range l.order(u.Kept, false, func(i int) float32 { return u.Score[i] })[:u.Drop] {
		u.Grown[i] = true
	}
	return u
}

// active counts the active weights.
func (l Layer) active() (n int) {
	for _, is := range l.Mask {
		if is {
			n++
		}
	}
	return n
}

// order lists the entries whose mask is as given, those of the highest score first, and of equal ones the first.
func (l Layer) order(mask []bool, is bool, score func(i int) float32) (entries []int) {
	for i := range mask {
		if mask[i] == is {
			entries = append(entries, i)
		}
	}
	slices.SortStableFunc(entries, func(a, b int) int {
		switch {
		case score(a) > score(b):
			return -1
		case score(a) < score(b):
			return 1
		}
		return 0
	})
	return entries
}

// NewMask is the mask after the update.
func (u Update) NewMask() []bool {
	mask := slices.Clone(u.Kept)
	for i, grown := range u.Grown {
		mask[i] = mask[i] || grown
	}
	return mask
}

// Check has package dstee do the same update with the updater, which must drop by magnitude and grow by DST-EE with the
// same c and ε, and returns an error if the masks differ.
func (u Update) Check(updater *dstee.Updater) error {
	active, dims := u.active(), []int{u.Rows, u.Columns}
	move, err := updater.Update(dstee.LayerState{
		Weight:   tensors.FromFlatDataAndDimensions(u.Weight, dims...),
		Gradient: tensors.FromFlatDataAndDimensions(u.Gradient, dims...),
		Mask:     tensors.FromFlatDataAndDimensions(u.Mask, dims...),
		Visits:   tensors.FromFlatDataAndDimensions(u.Visits, dims...),
	}, active, active, u.DropFraction, u.Step, 0)
	if err != nil {
		return err
	}
	mask, err := tensors.CopyFlatData[bool](move.Mask)
	if err != nil {
		return err
	}
	if by := u.NewMask(); !slices.Equal(mask, by) {
		return fmt.Errorf("by hand the mask is %v, by dstee it is %v", by, mask)
	}
	return nil
}
