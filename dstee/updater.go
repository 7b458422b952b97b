package dstee

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Place is where a mask update selects the weights to drop and to grow. Scores are computed on the backend either way;
// both places give the same bits.
type Place int

const (
	// Auto selects on the host if the backend shares its memory with it (CPU), else on the device.
	Auto Place = iota
	// OnHost selects in Go, by radix selection. On a CPU it reads the scores without copying them.
	OnHost
	// OnDevice selects in a compiled graph: no weight leaves the device.
	OnDevice
)

// String names the place.
func (p Place) String() string {
	return [...]string{"auto", "host", "device"}[p]
}

// on is the place itself, but for Auto that which the backend makes best.
func (p Place) on(backend compute.Backend) Place {
	switch {
	case p != Auto:
		return p
	case backend.HasSharedBuffers():
		return OnHost
	}
	return OnDevice
}

// Updater moves masks: it is the mask update of DST-EE for one layer, without any training around it.
//
// It compiles its graphs once per shape: fractions, counts, steps and parameters of the acquisitions are inputs.
// It is not safe for concurrent use.
type Updater struct {
	backend    compute.Backend
	drop, grow Acquisition
	place      Place
	structure  Structure

	dropScore, growScore   *layerExec
	dropMemory, growMemory *layerExec
	selector               selector
}

// NewUpdater returns an updater that drops the active weights of lowest drop score and grows the inactive ones of
// highest grow score, on the given backend.
func NewUpdater(backend compute.Backend, drop, grow Acquisition, place Place) (*Updater, error) {
	for _, a := range []Acquisition{drop, grow} {
		if err := a.check(); err != nil {
			return nil, err
		}
	}
	place = place.on(backend)
	u := &Updater{backend: backend, drop: drop, grow: grow, place: place}
	u.dropScore, u.dropMemory = newLayerExec(backend, drop.scoreGraph), newLayerExec(backend, drop.memoryGraph)
	u.growScore, u.growMemory = newLayerExec(backend, grow.scoreGraph), newLayerExec(backend, grow.memoryGraph)
	u.selector = newSelector(backend, place, newMaintenance(backend))
	return u, nil
}

// Structure sets the pattern that the active weights of all layers form, before the update as after it. Default
// [Unstructured].
func (u *Updater) Structure(structure Structure) *Updater {
	u.structure = structure
	return u
}

// newExec returns an executor without a limit on the number of shapes it is compiled for: a model may have many.
func newExec[F ExecGraphFn](backend compute.Backend, fn F) *Exec {
	exec := MustNewExec(backend, fn)
	exec.SetMaxCache(-1)
	return exec
}

// LayerState is what a mask update reads of one layer. The tensors share one shape.
type LayerState struct {
	Weight   *tensors.Tensor // Any float dtype; zero where inactive.
	Gradient *tensors.Tensor // Any float dtype: the gradient with respect to the dense weights.
	Mask     *tensors.Tensor // Bool, true where active.
	Visits   *tensors.Tensor // Int32: the number of topologies in which each weight was active.

	// What only some acquisitions read.
	Momentum               *tensors.Tensor   // The optimizer's first moment, any float dtype; nil if it keeps none.
	DropMemory, GrowMemory []*tensors.Tensor // Float32, one for each Memory of the acquisitions, see Updater.Remember.
	Path                   string            // Of the weight in the store.
	Round                  int               // The number of the mask update, counted from 1.
	TotalSteps             int               // The number of optimizer steps of the run.
}

// Move is the outcome of a mask update for one layer.
type Move struct {
	// Kept is the mask of the weights that survived the drop (Bool), Mask the new mask: those and the grown ones.
	// A weight in Mask but not in Kept was grown; if it was active before, it was dropped and regrown at once.
	Kept, Mask *tensors.Tensor

	// Dropped and Grown are how many weights were dropped and grown. Those that were dropped and regrown count in both.
	Dropped, Grown int
}

// Update chooses the new mask of a layer after the optimizer step t = step: of the active weights, counted by active,
// it drops the ⌈dropFraction · active⌉ of lowest drop score, then it grows, among all that are inactive after the
// drop, those of highest grow score until target are active. If the target leaves fewer than the drop would keep, more
// are dropped and none grown. Ties go to the lowest flat index. seed feeds [Signals.Random]. With a structure, all this goes
// by units, and the target is rounded to what the structure can hold, see [Structure].
//
// The layer's tensors are not changed: weights dropped and regrown keep their value, and visits are the caller's to
// count ([Sparsifier] does both).
func (u *Updater) Update(layer LayerState, active, target int, dropFraction float64, step int, seed uint32) (Move, error) {
	if !(dropFraction >= 0 && dropFraction <= 1) {
		return Move{}, fmt.Errorf("dstee: the drop fraction must be in [0, 1], got %g at step %d", dropFraction, step)
	}
	if size := layer.Weight.Size(); target < 0 || target > size || active < 0 || active > size {
		return Move{}, fmt.Errorf("dstee: a layer of %d weights cannot have %d active now and %d after the update", size, active, target)
	}
	if step < 1 {
		return Move{}, fmt.Errorf("dstee: steps count from 1, got %d", step)
	}
	layout, err := u.structure.layout(layer.Weight.Shape().Dimensions)
	if err != nil {
		return Move{}, err
	}
	l := &moving{updater: u, layout: layout, state: layer, active: active, target: layout.round(target), step: step, seed: seed}
	move, err := l.update(u.selector, dropFraction)
	if err != nil {
		return Move{}, fmt.Errorf("dstee: mask update of step %d on %s: %w", step, u.place, err)
	}
	return move, nil
}

// scoreFn scores the weights of a layer with one of the updater's acquisitions, Float32 of the weights' shape.
type scoreFn func(u *Updater, layer LayerState, step int, seed uint32) (*tensors.Tensor, error)

func (u *Updater) dropScores(layer LayerState, step int, seed uint32) (*tensors.Tensor, error) {
	return u.score(u.dropScore, u.drop, layer, step, seed)
}

func (u *Updater) growScores(layer LayerState, step int, seed uint32) (*tensors.Tensor, error) {
	return u.score(u.growScore, u.grow, layer, step, seed)
}

// score runs an acquisition's graph on the layer.
func (u *Updater) score(exec *layerExec, a Acquisition, layer LayerState, step int, seed uint32) (*tensors.Tensor, error) {
	memory := layer.GrowMemory
	if exec == u.dropScore {
		memory = layer.DropMemory
	}
	scores, err := exec.call(a, layer, memory, step, seed)
	if err != nil {
		return nil, fmt.Errorf("score %q: %w", a.Name, err)
	}
	return scores[0], nil
}

// GrowScores returns the growth score of each of the layer's weights after the given step, flat and row-major: for a look
// at what [Updater.Update] chooses from.
func (u *Updater) GrowScores(layer LayerState, step int, seed uint32) ([]float32, error) {
	return scoresOf(u, (*Updater).growScores, layer, step, seed)
}

// DropScores returns the drop score of each of the layer's weights, as [Updater.GrowScores] does the growth score.
func (u *Updater) DropScores(layer LayerState, step int, seed uint32) ([]float32, error) {
	return scoresOf(u, (*Updater).dropScores, layer, step, seed)
}

// scoresOf returns a copy of the layer's scores.
func scoresOf(u *Updater, score scoreFn, layer LayerState, step int, seed uint32) ([]float32, error) {
	scores, err := score(u, layer, step, seed)
	if err != nil {
		return nil, err
	}
	flat, err := tensors.CopyFlatData[float32](scores)
	return flat, errors.Join(err, scores.FinalizeAll())
}
