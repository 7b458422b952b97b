package dstee

import (
	"errors"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// deviceSelector selects in compiled graphs: no weight leaves the device.
//
// Scoring and selecting are separate programs on purpose: compiled alone, the score has the same bits as the one that
// hostSelector reads; fused with the selection, its rounding could differ.
type deviceSelector struct {
	keepTop, growTop, counts, sum *Exec
}

func newDeviceSelector(backend compute.Backend) *deviceSelector {
	return &deviceSelector{
		keepTop: newExec(backend, func(inputs []*Node) []*Node {
			scores, masks, best, k := contestInputs(inputs)
			return topKOfLayersGraph(scores, masks, best, k)
		}),
		growTop: newExec(backend, func(inputs []*Node) []*Node {
			scores, kept, best, k := contestInputs(inputs)
			others := make([]*Node, len(kept))
			for i, set := range kept {
				others[i] = LogicalNot(set)
			}
			masks := topKOfLayersGraph(scores, others, best, k)
			for i, grown := range masks {
				masks[i] = LogicalOr(kept[i], grown)
			}
			return masks
		}),
		counts: newExec(backend, func(sets []*Node) []*Node {
			counts := make([]*Node, len(sets))
			for i, set := range sets {
				counts[i] = count(set)
			}
			return counts
		}),
		sum: newExec(backend, sumGraph),
	}
}

// contestInputs takes apart the inputs of a selection: scores of all layers, a set of each, which layers have their best
// chosen (not for a single layer), and k.
func contestInputs(inputs []*Node) (scores, sets, best []*Node, k *Node) {
	last := len(inputs) - 1
	if last == 2 {
		return inputs[:1], inputs[1:2], nil, inputs[2]
	}
	n := last / 3
	return inputs[:n], inputs[n : 2*n], inputs[2*n : last], inputs[last]
}

// selectTop scores the layers and selects k weights with exec, given the set of each layer. It returns the sets that exec
// returns and their sizes.
func (d *deviceSelector) selectTop(exec *Exec, layers []*moving, score scoreFn, set func(l *moving) *tensors.Tensor,
	best func(l *moving) bool, k int) (selected []*tensors.Tensor, sizes []int, err error) {
	var inputs, scores []any
	for _, l := range layers {
		s, err := score(l.updater, l.state, l.step, l.seed)
		if err != nil {
			return nil, nil, err
		}
		scores = append(scores, s)
	}
	inputs = append(inputs, scores...)
	for _, l := range layers {
		inputs = append(inputs, set(l))
	}
	if len(layers) > 1 {
		for _, l := range layers {
			inputs = append(inputs, best(l))
		}
	}
	if selected, err = exec.Call(append(inputs, int32(k))...); err != nil {
		return nil, nil, err
	}
	for _, s := range scores {
		err = errors.Join(err, s.(*tensors.Tensor).FinalizeAll())
	}
	if err != nil {
		return nil, nil, err
	}
	sets := make([]any, len(selected))
	for i, s := range selected {
		sets[i] = s
	}
	counts, err := d.counts.Call(sets...)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range counts {
		sizes = append(sizes, int(tensors.ToScalar[int32](n)))
	}
	return selected, sizes, nil
}

func (d *deviceSelector) keep(layers []*moving, k int) error {
	kept, sizes, err := d.selectTop(d.keepTop, layers, (*Updater).dropScores, func(l *moving) *tensors.Tensor { return l.state.Mask },
		func(*moving) bool { return true }, k)
	for i, set := range kept {
		layers[i].kept.bools, layers[i].numKept = set, sizes[i]
	}
	return err
}

func (d *deviceSelector) grow(layers []*moving, k int) error {
	masks, sizes, err := d.selectTop(d.growTop, layers, (*Updater).growScores, func(l *moving) *tensors.Tensor { return l.kept.bools },
		func(l *moving) bool { return l.numKept == 0 }, k)
	for i, set := range masks {
		layers[i].mask.bools, layers[i].numGrown = set, sizes[i]-layers[i].numKept
	}
	return err
}

func (d *deviceSelector) sumKept(l *moving, rank *Updater) (float64, error) {
	scores, err := rank.dropScores(l.state, l.step, l.seed)
	if err != nil {
		return 0, err
	}
	total, largest, err := d.sum.Call2(scores, l.kept.bools)
	if err != nil {
		return 0, err
	}
	sum := scaledSum(tensors.ToScalar[int64](total), tensors.ToScalar[uint32](largest), l.size())
	return sum, scores.FinalizeAll()
}

func (*deviceSelector) tensor(_ *moving, set weightSet) *tensors.Tensor { return set.bools }
