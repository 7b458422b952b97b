package dstee

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// deviceSelector selects in compiled graphs: no weight leaves the device.
//
// Scoring and selecting are separate programs on purpose: compiled alone, the score has the same bits as the one that
// hostSelector reads; fused with the selection, its rounding could differ.
type deviceSelector struct {
	*maintenance
	backend                                        compute.Backend
	keepTop, growTop, counts, sum, isFinite, visit *Exec
	byLayout                                       map[layoutOfShape]*layoutExecs
}

// layoutOfShape is what the graphs for a structure depend on.
type layoutOfShape struct {
	layout layout
	dims   string
}

// layoutExecs are the graphs for a layout: from weights to units and back, and the selection in groups.
type layoutExecs struct {
	scores, mask, expand, perColumn, trim, refill *Exec
}

// of returns the graphs for the layer's layout.
func (d *deviceSelector) of(l *moving) *layoutExecs {
	dims := l.state.Weight.Shape().Dimensions
	key := layoutOfShape{l.layout, fmt.Sprint(dims)}
	if execs, found := d.byLayout[key]; found {
		return execs
	}
	layout := l.layout
	execs := &layoutExecs{
		scores: newExec(d.backend, func(scores *Node) *Node { return unitScoresGraph(layout, scores) }),
		mask:   newExec(d.backend, func(mask *Node) *Node { return unitMaskGraph(layout, mask) }),
		expand: newExec(d.backend, func(units *Node) *Node { return expandGraph(layout, units, dims) }),
		perColumn: newExec(d.backend, func(units *Node) *Node {
			return ReduceSum(ConvertDType(Reshape(units, -1, layout.columns()), dtypes.Int32), 0)
		}),
		trim: newExec(d.backend, func(scores, kept, counts *Node) *Node {
			none := ZerosLike(kept)
			return topKOfGroupsGraph(layout, scores, kept, none, counts)
		}),
		refill: newExec(d.backend, func(scores, kept, counts *Node) *Node {
			return topKOfGroupsGraph(layout, scores, LogicalNot(kept), kept, counts)
		}),
	}
	d.byLayout[key] = execs
	return execs
}

func newDeviceSelector(backend compute.Backend, execs *maintenance) *deviceSelector {
	return &deviceSelector{
		maintenance: execs,
		backend:     backend,
		byLayout:    make(map[layoutOfShape]*layoutExecs),
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
		sum:      newExec(backend, sumGraph),
		isFinite: newExec(backend, func(x *Node) *Node { return LogicalAll(IsFinite(x)) }),
		visit: newExec(backend, func(visits, old, mask *Node) (*Node, *Node, *Node) {
			explored := LogicalAnd(mask, Equal(visits, ZerosLike(visits)))
			entered := LogicalAnd(mask, LogicalNot(old))
			return Add(visits, ConvertDType(mask, dtypes.Int32)), count(entered), count(explored)
		}),
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
		s, err := d.scores(l, score)
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

// scores returns the scores of the layer's units.
func (d *deviceSelector) scores(l *moving, score scoreFn) (*tensors.Tensor, error) {
	ofWeights, err := score(l.updater, l.state, l.step, l.seed)
	if err != nil || l.layout.unit() == 1 {
		return ofWeights, err
	}
	ofUnits, err := d.of(l).scores.Call1(ofWeights)
	return ofUnits, errors.Join(err, ofWeights.FinalizeAll())
}

func (d *deviceSelector) start(l *moving) (err error) {
	l.was.bools = l.state.Mask
	if l.layout.unit() > 1 {
		l.was.bools, err = d.of(l).mask.Call1(l.state.Mask)
	}
	return err
}

func (d *deviceSelector) keep(layers []*moving, k int) error {
	kept, sizes, err := d.selectTop(d.keepTop, layers, (*Updater).dropScores, func(l *moving) *tensors.Tensor { return l.was.bools },
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
	sum := scaledSum(tensors.ToScalar[int64](total), tensors.ToScalar[uint32](largest), l.layout.size())
	return sum, scores.FinalizeAll()
}

// selectInGroups returns the set that exec selects in the groups of the layer, and its size.
func (d *deviceSelector) selectInGroups(exec *Exec, l *moving, score scoreFn, counts []int) (*tensors.Tensor, int, error) {
	scores, err := d.scores(l, score)
	if err != nil {
		return nil, 0, err
	}
	perColumn := make([]int32, len(counts))
	for i, n := range counts {
		perColumn[i] = int32(n)
	}
	set, err := exec.Call1(scores, l.kept.bools, perColumn)
	if err = errors.Join(err, scores.FinalizeAll()); err != nil {
		return nil, 0, err
	}
	n, err := d.counts.Call1(set)
	if err != nil {
		return nil, 0, err
	}
	return set, int(tensors.ToScalar[int32](n)), nil
}

func (d *deviceSelector) trim(l *moving, counts []int) (err error) {
	l.kept.bools, l.numKept, err = d.selectInGroups(d.of(l).trim, l, (*Updater).dropScores, counts)
	return err
}

func (d *deviceSelector) refill(l *moving, counts []int) (err error) {
	active := 0
	l.mask.bools, active, err = d.selectInGroups(d.of(l).refill, l, (*Updater).growScores, counts)
	l.numGrown = active - l.numKept
	return err
}

func (d *deviceSelector) perColumn(l *moving, set unitSet) ([]int, error) {
	counts, err := d.of(l).perColumn.Call1(set.bools)
	if err != nil {
		return nil, err
	}
	perColumn := make([]int, 0, l.layout.columns())
	err = tensors.ConstFlatData(counts, func(flat []int32) {
		for _, n := range flat {
			perColumn = append(perColumn, int(n))
		}
	})
	return perColumn, err
}

func (d *deviceSelector) tensor(l *moving, set unitSet) (*tensors.Tensor, error) {
	if l.layout.unit() == 1 {
		return set.bools, nil
	}
	return d.of(l).expand.Call1(set.bools)
}

func (d *deviceSelector) finite(t *tensors.Tensor) (bool, error) {
	finite, err := d.isFinite.Call1(t)
	if err != nil {
		return false, err
	}
	return tensors.ToScalar[bool](finite), nil
}

func (d *deviceSelector) apply(l *moving, mask, visits *model.Variable, masked []*model.Variable) (entered, explored int, err error) {
	weights, err := d.tensor(l, l.mask)
	if err != nil {
		return 0, 0, err
	}
	counted, numEntered, numExplored, err := d.visit.Call3(visits.MustValue(), mask.MustValue(), weights)
	if err != nil {
		return 0, 0, err
	}
	for _, v := range masked {
		if err := d.mask(v, weights); err != nil {
			return 0, 0, err
		}
	}
	err = errors.Join(visits.SetValue(counted), mask.SetValue(weights), l.kept.bools.FinalizeAll())
	return int(tensors.ToScalar[int32](numEntered)), int(tensors.ToScalar[int32](numExplored)), err
}
