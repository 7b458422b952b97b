package dsttest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
)

//go:embed vectors.json
var reference []byte

// Vectors are reference mask updates and densities, as JSON files hold them. All arrays are flat and row-major.
type Vectors struct {
	About   string         `json:"about"`
	Updates []UpdateVector `json:"updates"`
	ERK     []ERKVector    `json:"erk"`
}

// UpdateVector is one mask update: the state of a layer before it and after.
type UpdateVector struct {
	Name         string    `json:"name"`
	Shape        []int     `json:"shape"`
	T            int       `json:"t"`           // The optimizer step.
	TotalSteps   int       `json:"total_steps"` // The length of the run.
	C            float64   `json:"c"`
	Epsilon      float64   `json:"epsilon"`
	Score        string    `json:"score"`               // "|g|+b" as in the paper, "|g+b|" as in the reference code.
	First        float64   `json:"drop_fraction_first"` // At step 0; a cosine leads to Last at TotalSteps.
	Last         float64   `json:"drop_fraction_last"`
	DropFraction float64   `json:"drop_fraction"` // At step T.
	Weights      []float32 `json:"weights"`
	Gradient     []float32 `json:"gradient"`
	Mask         []int     `json:"mask"` // 1 where active.
	Visits       []int32   `json:"visits"`
	K            int       `json:"k"`
	NewMask      []int     `json:"new_mask"`
	NewVisits    []int32   `json:"new_visits"`
	Dropped      []int     `json:"dropped"` // Flat indices, increasing; those regrown at once included.
	Grown        []int     `json:"grown"`
}

// ERKVector is how ERK shares out a density.
type ERKVector struct {
	Net          string    `json:"net"`
	Shapes       [][]int   `json:"shapes"`
	Density      float64   `json:"density"`
	LayerDensity []float64 `json:"layer_density"`
}

// Reference returns the embedded vectors: computed in float64 by a NumPy program independent of this project.
func Reference() (*Vectors, error) { return parse(reference) }

// Read reads vectors from a JSON file. It returns an error if the file is no such file, holds no vectors, or holds any
// whose arrays do not fit together.
func Read(r io.Reader) (*Vectors, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading vectors: %w", err)
	}
	return parse(data)
}

func parse(data []byte) (*Vectors, error) {
	vectors := &Vectors{}
	if err := json.Unmarshal(data, vectors); err != nil {
		return nil, fmt.Errorf("reading vectors: %w", err)
	}
	if len(vectors.Updates)+len(vectors.ERK) == 0 {
		return nil, fmt.Errorf("reading vectors: the file holds none: it has neither %q nor %q", "updates", "erk")
	}
	for i, u := range vectors.Updates {
		if err := u.check(); err != nil {
			return nil, fmt.Errorf("reading vectors: updates[%d] (%q): %w", i, u.Name, err)
		}
	}
	for i, e := range vectors.ERK {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("reading vectors: erk[%d] (%q): %w", i, e.Net, err)
		}
	}
	return vectors, nil
}

// check says what in the vector does not fit together.
func (u *UpdateVector) check() error {
	n, err := shapeSize(u.Shape)
	if err != nil {
		return err
	}
	for _, array := range []struct {
		name   string
		length int
	}{
		{"weights", len(u.Weights)}, {"gradient", len(u.Gradient)}, {"mask", len(u.Mask)}, {"visits", len(u.Visits)},
		{"new_mask", len(u.NewMask)}, {"new_visits", len(u.NewVisits)},
	} {
		if array.length != n {
			return fmt.Errorf("%q has %d entries, but shape %v has %d", array.name, array.length, u.Shape, n)
		}
	}
	for _, mask := range [][]int{u.Mask, u.NewMask} {
		for i, active := range mask {
			if active != 0 && active != 1 {
				return fmt.Errorf("masks hold 0 or 1, got %d at index %d", active, i)
			}
		}
	}
	if u.Score != "|g|+b" && u.Score != "|g+b|" {
		return fmt.Errorf("unknown score %q, the known ones are %q and %q", u.Score, "|g|+b", "|g+b|")
	}
	if u.T < 1 || u.TotalSteps < u.T {
		return fmt.Errorf("step %d is not in a run of %d steps", u.T, u.TotalSteps)
	}
	return nil
}

// check says what in the vector does not fit together.
func (e *ERKVector) check() error {
	if len(e.Shapes) == 0 || len(e.Shapes) != len(e.LayerDensity) {
		return fmt.Errorf("%d densities for %d shapes", len(e.LayerDensity), len(e.Shapes))
	}
	for _, shape := range e.Shapes {
		if _, err := shapeSize(shape); err != nil {
			return err
		}
	}
	if !(e.Density > 0 && e.Density <= 1) {
		return fmt.Errorf("density must be in (0, 1], got %g", e.Density)
	}
	return nil
}

// shapeSize is the number of entries of a shape.
func shapeSize(shape []int) (int, error) {
	if len(shape) < 2 {
		return 0, fmt.Errorf("shape %v must have rank 2 or more", shape)
	}
	n := 1
	for _, dim := range shape {
		if dim < 1 || dim > math.MaxInt32/n {
			return 0, fmt.Errorf("shape %v is empty or too large", shape)
		}
		n *= dim
	}
	return n, nil
}

// Result is the verdict on one vector on one path: err is nil if this build gives exactly what the vector says.
type Result struct {
	Case string
	Err  error
}

// Verify checks the package dstee of this build against the vectors, on the backend: every mask update selected on the
// host and on the device, and the densities. Masks, visits and counts must be equal, densities to 1e-12.
//
// report is called with each result as it comes.
func (v *Vectors) Verify(backend compute.Backend, report func(Result)) {
	for _, u := range v.Updates {
		for _, place := range []dstee.Place{dstee.OnHost, dstee.OnDevice} {
			report(Result{Case: fmt.Sprintf("update on %s: %s", place, u.Name), Err: u.verify(backend, place)})
		}
	}
	for _, e := range v.ERK {
		report(Result{Case: fmt.Sprintf("erk: %s at density %g", e.Net, e.Density), Err: e.verify()})
	}
}

// verify runs the update and compares.
func (u *UpdateVector) verify(backend compute.Backend, place dstee.Place) error {
	c, epsilon := dstee.Constant(u.C), dstee.Constant(u.Epsilon)
	grow := dstee.DSTEE(c, epsilon)
	if u.Score == "|g+b|" {
		grow = dstee.DSTEEReference(c, epsilon)
	}
	updater, err := dstee.NewUpdater(backend, dstee.Magnitude(), grow, place)
	if err != nil {
		return err
	}
	fraction := dstee.Cosine{First: u.First, Last: u.Last, End: u.TotalSteps}.At(u.T)
	if math.Abs(fraction-u.DropFraction) > 1e-12 {
		return fmt.Errorf("drop fraction at step %d: got %v, want %v", u.T, fraction, u.DropFraction)
	}
	mask := make([]bool, len(u.Mask))
	active := 0
	for i, on := range u.Mask {
		mask[i] = on == 1
		active += on
	}
	state := dstee.LayerState{
		Weight:   tensors.FromFlatDataAndDimensions(slices.Clone(u.Weights), u.Shape...),
		Gradient: tensors.FromFlatDataAndDimensions(slices.Clone(u.Gradient), u.Shape...),
		Mask:     tensors.FromFlatDataAndDimensions(mask, u.Shape...),
		Visits:   tensors.FromFlatDataAndDimensions(slices.Clone(u.Visits), u.Shape...),
	}
	move, err := updater.Update(state, active, active, fraction, u.T, 0)
	if err != nil {
		return err
	}
	if move.Dropped != u.K || move.Grown != u.K {
		return fmt.Errorf("dropped %d and grew %d, want %d", move.Dropped, move.Grown, u.K)
	}
	kept, err := tensors.CopyFlatData[bool](move.Kept)
	if err != nil {
		return err
	}
	newMask, err := tensors.CopyFlatData[bool](move.Mask)
	if err != nil {
		return err
	}
	var dropped, grown []int
	for i := range newMask {
		if on := u.NewMask[i] == 1; newMask[i] != on {
			return fmt.Errorf("new mask at flat index %d: got %t, want %t", i, newMask[i], on)
		}
		if visits := u.Visits[i] + int32(u.NewMask[i]); visits != u.NewVisits[i] {
			return fmt.Errorf("new visits at flat index %d: got %d, want %d", i, visits, u.NewVisits[i])
		}
		if u.Mask[i] == 1 && !kept[i] {
			dropped = append(dropped, i)
		}
		if newMask[i] && !kept[i] {
			grown = append(grown, i)
		}
	}
	if !slices.Equal(dropped, u.Dropped) {
		return fmt.Errorf("dropped %v, want %v", dropped, u.Dropped)
	}
	if !slices.Equal(grown, u.Grown) {
		return fmt.Errorf("grown %v, want %v", grown, u.Grown)
	}
	return nil
}

// verify computes the densities and compares.
func (e *ERKVector) verify() error {
	for i, density := range dstee.ERK(e.Shapes, e.Density) {
		if math.Abs(density-e.LayerDensity[i]) > 1e-12 {
			return fmt.Errorf("density of layer %d, shape %v: got %v, want %v", i, e.Shapes[i], density, e.LayerDensity[i])
		}
	}
	return nil
}
