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

// Sizes of a batch of an evaluation.
const (
	mostAtOnce  = 500
	leastAtOnce = mostAtOnce / 2
)

// evaluationOf returns the examples in batches of 500 or fewer: all of the same size where some size above 250 divides
// their number, so that one compiled graph serves.
func evaluationOf(examples datasets.Examples) (*datasets.Evaluation, error) {
	n := examples.About().Len()
	size := min(mostAtOnce, n)
	for s := size; s > leastAtOnce; s-- {
		if n%s == 0 {
			size = s
			break
		}
	}
	return datasets.NewEvaluation(examples, size)
}
