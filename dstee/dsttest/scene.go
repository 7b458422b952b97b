package dsttest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/internal/bitset"
)

// Layers have layerRows × layerColumns weights.
const (
	layerRows    = 50
	layerColumns = 20
	layerSize    = layerRows * layerColumns
)

// scene is a layer before a mask update, and what the update is to do.
type scene struct {
	name             string
	weight, gradient []float32
	momentum         []float32
	mask             []bool
	visits           []int32
	active, target   int
	fraction         float64
	step, round      int
	seed             uint32

	dropMemory, growMemory []*tensors.Tensor // Nil before the first update.
}

// newScene draws a layer with the given number of active weights. If ties, weights and gradients take few values.
func newScene(name string, seed uint64, active int, ties bool) *scene {
	rng := rand.New(rand.NewPCG(seed, 11))
	s := &scene{
		name:     name,
		weight:   make([]float32, layerSize),
		gradient: make([]float32, layerSize),
		momentum: make([]float32, layerSize),
		mask:     make([]bool, layerSize),
		visits:   make([]int32, layerSize),
		active:   active,
		target:   active,
		fraction: 0.3,
		step:     700,
		round:    7,
		seed:     uint32(seed),
	}
	draw := func() float32 {
		if ties {
			return float32(rng.IntN(41)-20) / 100
		}
		return float32(rng.NormFloat64() / 10)
	}
	for i := range layerSize {
		s.gradient[i] = draw()
		s.visits[i] = int32(rng.IntN(5))
	}
	for _, i := range rng.Perm(layerSize)[:active] {
		s.mask[i] = true
		s.weight[i] = draw()
		s.momentum[i] = draw()
		s.visits[i]++
	}
	return s
}

// scenes are what determinism, host and device, and both backends are compared by.
func scenes() []*scene {
	few := newScene("few active weights", 1, 20, false)
	tied := newScene("many ties", 2, 100, true)
	tied.step = 2
	late := newScene("late in a run", 3, 100, false)
	late.step, late.round = 123456, 1234
	for i := range late.visits {
		late.visits[i] *= 977
	}
	shrinking := newScene("fewer active weights after the update than before", 4, 500, true)
	shrinking.target, shrinking.fraction = 300, 0.5
	return []*scene{few, tied, late, shrinking}
}

// totalSteps is the length of the run that scenes are taken from.
const totalSteps = 200000

// state returns the layer as tensors of their own, since tensors belong to one backend, its memory updated.
func (s *scene) state(updater *dstee.Updater) (dstee.LayerState, error) {
	float := func(values []float32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(slices.Clone(values), layerRows, layerColumns)
	}
	return updater.Remember(dstee.LayerState{
		Weight:     float(s.weight),
		Gradient:   float(s.gradient),
		Momentum:   float(s.momentum),
		Mask:       tensors.FromFlatDataAndDimensions(slices.Clone(s.mask), layerRows, layerColumns),
		Visits:     tensors.FromFlatDataAndDimensions(slices.Clone(s.visits), layerRows, layerColumns),
		DropMemory: s.dropMemory,
		GrowMemory: s.growMemory,
		Path:       "/layer/weights",
		Round:      s.round,
		TotalSteps: totalSteps,
	}, s.step, s.seed)
}

// scores returns the growth scores of the scene's layer.
func (s *scene) scores(updater *dstee.Updater) ([]float32, error) {
	state, err := s.state(updater)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	scores, err := updater.GrowScores(state, s.step, s.seed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return scores, nil
}

// describe names what a score sees of a weight.
func (s *scene) describe(i int) string {
	return fmt.Sprintf("weight %g, gradient %g, active %t, visits %d, step %d", s.weight[i], s.gradient[i], s.mask[i], s.visits[i], s.step)
}

// choice is the outcome of a mask update.
type choice struct {
	scores     []float32 // Of the tested acquisition; nil if not asked for.
	kept, mask []bool

	dropMemory, growMemory []*tensors.Tensor
}

// update updates the mask of the scene's layer, and checks what every update must do.
func (s *scene) update(updater *dstee.Updater) (choice, error) {
	state, err := s.state(updater)
	if err != nil {
		return choice{}, fmt.Errorf("%s: %w", s.name, err)
	}
	move, err := updater.Update(state, s.active, s.target, s.fraction, s.step, s.seed)
	if err != nil {
		return choice{}, fmt.Errorf("%s: %w", s.name, err)
	}
	c := choice{dropMemory: state.DropMemory, growMemory: state.GrowMemory}
	if c.kept, err = tensors.CopyFlatData[bool](move.Kept); err != nil {
		return c, err
	}
	if c.mask, err = tensors.CopyFlatData[bool](move.Mask); err != nil {
		return c, err
	}
	keep := min(s.active-int(math.Ceil(s.fraction*float64(s.active))), s.target)
	for _, count := range []struct {
		what      string
		got, want int
	}{
		{"dropped", move.Dropped, s.active - keep},
		{"grown", move.Grown, s.target - keep},
		{"kept", bitset.OfBools(c.kept).Count(), keep},
		{"active after the update", bitset.OfBools(c.mask).Count(), s.target},
	} {
		if count.got != count.want {
			return c, fmt.Errorf("%s, %d of %d active, drop fraction %g: %d weights %s, want %d", s.name, s.active, layerSize, s.fraction,
				count.got, count.what, count.want)
		}
	}
	for i, kept := range c.kept {
		if kept && (!s.mask[i] || !c.mask[i]) {
			return c, fmt.Errorf("%s: the weight at flat index %d is kept, but was not active both before and after", s.name, i)
		}
	}
	return c, nil
}
