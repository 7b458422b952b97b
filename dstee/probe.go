package dstee

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train"
)

// probe observes the gradients of some training steps in which nothing is trained: the trainer takes its steps as ever, but
// the optimizer, instead of changing weights, adds up their gradients in variables of its own. Afterwards the store is what
// it was when the model's variables had just been given their initial values.
type probe struct {
	s       *Sparsifier
	trainer *train.Trainer
	dataset train.Dataset
	choice  *firstChoice
	before  map[*model.Variable]*tensors.Tensor // The store's values before the first step.
}

// probeScope is where gradients are added up.
const probeScope = Scope + "/probe"

// probeInitially sets the Sparsifier's initial masks.
func probeInitially(s *Sparsifier, trainer *train.Trainer, dataset train.Dataset) (err error) {
	p := &probe{s: s, trainer: trainer, dataset: dataset}
	s.probe = p
	every := trainer.NumAccumulatingSteps()
	if every > 0 {
		// Each batch is to reach the optimizer.
		if err := trainer.AccumulateGradients(1); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, trainer.AccumulateGradients(every)) }()
	}
	defer func() {
		s.probe = nil
		trainer.ResetComputationGraphs() // Those that observe.
		err = errors.Join(err, p.restore())
	}()
	batches := s.initial.Batches
	if batches == 0 {
		batches = max(1, every)
	}
	if s.initial.Gradient == SynapticFlow {
		return p.flow()
	}
	if err := p.run(1); err != nil { // For the model's variables and their initial values.
		return err
	}
	return p.choice.prune(func() ([]*tensors.Tensor, error) {
		left, err := p.choice.allLeft()
		if err != nil {
			return nil, err
		}
		if s.initial.Gradient == HessianGradient {
			return p.hessianGradient(left, batches)
		}
		return p.gradient(left, batches)
	})
}

// run takes training steps on the first batches of the data set.
func (p *probe) run(batches int) error {
	done := 0
	for batch, err := range p.dataset.Iter() {
		if err != nil {
			return err
		}
		metrics, err := p.trainer.TrainStep(batch)
		if err != nil {
			return err
		}
		for _, metric := range metrics {
			metric.MustFinalizeAll()
		}
		if done++; done == batches {
			return nil
		}
	}
	return fmt.Errorf("the data set has %d batches, %d are needed", done, batches)
}

// observe is the optimizer's step: in the first graph it takes note of the initial values, and in all it adds up gradients.
// grads are those of the scope's trainable variables in use, in their order.
func (p *probe) observe(scope *model.Scope, grads []*Node) {
	g := grads[0].Graph()
	if p.choice == nil {
		inUse := func(v *model.Variable) bool { return v.InUseByGraph(g) }
		if err := p.note(scope.Store(), inUse); err != nil {
			panic(err)
		}
	}
	if p.s.initial.Gradient == SynapticFlow {
		return // Computed elsewhere.
	}
	gradients := make(map[*model.Variable]*Node, len(grads))
	i := 0
	for v := range scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(g) {
			gradients[v] = grads[i]
			i++
		}
	}
	for _, l := range p.choice.layers {
		gradient := gradients[l.weight]
		if gradient == nil {
			panic(fmt.Errorf("the weight %q is not used by all training graphs", l.path))
		}
		sum := p.sum(l)
		sum.SetNodeValue(Add(sum.NodeValue(g), ConvertDType(gradient, dtypes.Float32)))
	}
}

// sum is the variable that adds up a layer's gradients.
func (p *probe) sum(l *layer) *model.Variable {
	shape := shapes.Make(dtypes.Float32, l.weight.Shape().Dimensions...)
	return p.trainer.Store().VariableWithShape(probeScope+l.path, shape, initializer.Zero).SetTrainable(false)
}

// note gives the model's variables their initial values, and takes note of them.
func (p *probe) note(store *model.Store, inUse func(*model.Variable) bool) error {
	if err := store.InitializeVariables(p.trainer.Backend(), nil); err != nil {
		return fmt.Errorf("initializing the weights: %w", err)
	}
	p.before = map[*model.Variable]*tensors.Tensor{}
	for v := range store.IterVariables() {
		value, err := v.MustValue().LocalClone()
		if err != nil {
			return fmt.Errorf("reading %q: %w", v.Path(), err)
		}
		p.before[v] = value
	}
	s := p.s
	choices, err := s.chooseWeights(store, inUse)
	if err != nil {
		return err
	}
	s.store, s.backend, s.execs = store, p.trainer.Backend(), newMaintenance(p.trainer.Backend())
	layers, err := s.newLayers(choices)
	if err != nil {
		return err
	}
	counts, err := s.targets(layers, 0)
	if err != nil {
		return err
	}
	p.choice, err = s.newFirstChoice(layers, counts)
	return err
}

// gradient returns the mean gradients of the layers over the first batches, at the given weights and with all else, random
// numbers included, as before: the same for the same weights.
func (p *probe) gradient(weights []*tensors.Tensor, batches int) ([]*tensors.Tensor, error) {
	if err := p.restoreValues(); err != nil {
		return nil, err
	}
	for i, l := range p.choice.layers {
		zeros := tensors.FromScalarAndDimensions(float32(0), l.weight.Shape().Dimensions...)
		value, err := weights[i].LocalClone() // The step takes it over.
		if err == nil {
			err = errors.Join(l.weight.SetValue(value), p.sum(l).SetValue(zeros))
		}
		if err != nil {
			return nil, fmt.Errorf("setting %q: %w", l.path, err)
		}
	}
	if err := p.run(batches); err != nil {
		return nil, err
	}
	means := make([]*tensors.Tensor, len(p.choice.layers))
	for i, l := range p.choice.layers {
		var err error
		if means[i], err = p.s.execs.scaleExec.Call1(p.sum(l).MustValue(), 1/float32(batches)); err != nil {
			return nil, fmt.Errorf("averaging the gradients of %q: %w", l.path, err)
		}
	}
	return means, nil
}

// restore makes the store what it was before. What was not there is deleted, which no compiled graph may use any more.
func (p *probe) restore() error {
	if p.before == nil {
		return nil // No graph was built.
	}
	if err := p.restoreValues(); err != nil {
		return err
	}
	store := p.trainer.Store()
	var added []string
	for v := range store.IterVariables() {
		if _, existed := p.before[v]; !existed {
			added = append(added, v.Path())
		}
	}
	for _, path := range added {
		if err := store.DeleteVariable(path); err != nil {
			return fmt.Errorf("restoring the store: %w", err)
		}
	}
	return nil
}

// restoreValues gives the variables that existed before the values that they had.
func (p *probe) restoreValues() error {
	for v, value := range p.before {
		value, err := value.LocalClone()
		if err == nil {
			err = v.SetValue(value)
		}
		if err != nil {
			return fmt.Errorf("restoring %q: %w", v.Path(), err)
		}
	}
	return nil
}
