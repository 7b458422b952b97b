package run

import (
	"context"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/train"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/datasets/graphs"
)

// problem is what a spec asks to be learned: which function, from which examples, judged how.
type problem struct {
	training, test datasets.Examples
	valid          datasets.Examples // Nil if none are held out.
	model          train.ModelFn
	task           task
}

// openProblem reads the spec's data and builds its model for them.
func openProblem(ctx context.Context, spec Spec) (*problem, error) {
	set, err := spec.openData(ctx)
	if err != nil {
		return nil, err
	}
	p := &problem{training: set.Train, valid: set.Valid, test: set.Test, model: spec.modelFn(set.Graph), task: spec.task()}
	if architectures[spec.Model].ofNodes {
		for _, examples := range []*datasets.Examples{&p.training, &p.valid, &p.test} {
			*examples = (*examples).(*datasets.Links).NodePairs()
		}
	}
	return p, nil
}

// modelFn returns the spec's model as a function for a trainer. Models of nodes need the graph.
func (s Spec) modelFn(observed *graphs.Graph) train.ModelFn {
	a, width := architectures[s.Model], s.width()
	if a.images == nil {
		return a.links(width, observed)
	}
	return a.images().Width(width).Classes(data[s.Data].classes).MixedPrecision(s.MixedPrecision).Done()
}

// unreadModelFn returns the spec's model without reading the data, but where the model needs the graph.
func (s Spec) unreadModelFn(ctx context.Context) (train.ModelFn, error) {
	if !architectures[s.Model].ofNodes {
		return s.modelFn(nil), nil
	}
	set, err := s.openData(ctx)
	if err != nil {
		return nil, err
	}
	return s.modelFn(set.Graph), nil
}

// width is the factor of the model's width.
func (s Spec) width() float64 {
	if s.Width == 0 {
		return 1
	}
	return s.Width
}

// oneInput is the shape of one example, as a batch.
func (s Spec) oneInput() shapes.Shape {
	if architectures[s.Model].ofNodes {
		return shapes.Make(dtypes.Int32, 1, 2)
	}
	return shapes.Make(dtypes.Float32, append([]int{1}, data[s.Data].shape...)...)
}

// Limits of a batch of an evaluation: of examples, and of the values of their inputs, as many as 500 images of CIFAR have.
const (
	mostAtOnce       = 500
	mostValuesAtOnce = mostAtOnce * 32 * 32 * 3
)

// evaluationOf returns the examples in batches, for a model that is trained in batches of the given size.
func evaluationOf(examples datasets.Examples, trained int) (*datasets.Evaluation, error) {
	about := examples.About()
	return datasets.NewEvaluation(examples, evaluationSize(about.Len(), about.Size(), trained))
}

// evaluationSize is the size of the batches of n examples of so many values each: 500, fewer of large ones, but then as many
// as a batch of training has, which is known to fit into memory. Where some size above half of that divides n it is that, so
// that one compiled graph serves.
func evaluationSize(n, values, trained int) int {
	most := min(mostAtOnce, n, max(trained, mostValuesAtOnce/values))
	for size := most; size > most/2; size-- {
		if n%size == 0 {
			return size
		}
	}
	return most
}
