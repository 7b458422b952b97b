package run

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"github.com/sparsekernel/sparsekernel/datasets"
)

// task is how outputs are compared with labels: what training lowers, and what it is judged by.
type task struct {
	loss     train.LossFn
	accuracy func(*model.Scope, []*graph.Node, []*graph.Node) *graph.Node // Of labels and outputs, a share in [0, 1].
	ranks    bool                                                         // Outputs are scores whose order counts, too.
}

// task returns that of the spec's data: classification, or the prediction of links.
func (s Spec) task() task {
	if !data[s.Data].areImages() {
		return task{loss: loss.BinaryCrossentropyLogits, accuracy: metric.BinaryLogitsAccuracyGraph, ranks: true}
	}
	classify := task{loss: loss.SparseCategoricalCrossEntropyLogits, accuracy: metric.SparseCategoricalAccuracyGraph}
	if s.LabelSmoothing > 0 {
		classify.loss = smoothed(s.LabelSmoothing)
	}
	return classify
}

// smoothed is the cross-entropy with labels of which a share is spread evenly over all classes (Szegedy et al., CVPR 2016,
// arXiv 1512.00567, section 7).
func smoothed(share float64) train.LossFn {
	return func(labels, logits []*graph.Node) *graph.Node {
		hard := graph.ReduceAllMean(loss.SparseCategoricalCrossEntropyLogits(labels, logits))
		even := graph.Neg(graph.ReduceAllMean(graph.LogSoftmax(logits[0])))
		return graph.Add(graph.MulScalar(hard, 1-share), graph.MulScalar(even, share))
	}
}

// perBatch is the accuracy on a training batch.
func (t task) perBatch() metric.Interface {
	return metric.NewBaseMetric("Batch Accuracy", "acc", metric.AccuracyMetricType, t.accuracy, nil)
}

// mean is the accuracy on many batches.
func (t task) mean() metric.Interface {
	return metric.NewMeanMetric("Accuracy", "#acc", metric.AccuracyMetricType, t.accuracy, nil)
}

// score is how well a model does on examples.
type score struct {
	accuracy float64
	auc      *float64 // Area under the ROC curve; nil where the order of outputs does not count.
}

// evaluate judges the session's model on examples.
func (s *session) evaluate(ctx context.Context, examples datasets.Examples) (score, error) {
	batches, err := evaluationOf(examples, s.spec.Batch)
	if err != nil {
		return score{}, err
	}
	until := &untilDone{batches, ctx}
	metrics, err := s.trainer.Eval(until)
	if err != nil {
		return score{}, err
	}
	result := score{accuracy: shapes.ConvertTo[float64](metrics[len(metrics)-1].Value())}
	if !s.task.ranks {
		return result, nil
	}
	scores, err := s.outputs(until)
	if err != nil {
		return score{}, err
	}
	if i := slices.IndexFunc(scores, math.IsNaN); i >= 0 {
		return score{}, fmt.Errorf("the model's output for example %d is NaN, which has no rank: it diverged, lower the learning rate, "+
			"now %g", i, s.spec.LearningRate)
	}
	area := auc(scores, examples.About().Labels)
	result.auc = &area
	return result, nil
}

// untilDone is a data set that ends with the error of a context when that is done.
type untilDone struct {
	train.Dataset
	ctx context.Context
}

// Iter implements train.Dataset.
func (u *untilDone) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for batch, err := range u.Dataset.Iter() {
			if u.ctx.Err() != nil {
				_ = batch.Finalize()
				yield(train.Batch{}, u.ctx.Err())
				return
			}
			if !yield(batch, err) {
				return
			}
		}
	}
}

// outputs are what the model says of each example, one number each.
func (s *session) outputs(batches train.Dataset) ([]float64, error) {
	exec, err := model.NewExec(s.backend, s.store, func(scope *model.Scope, input *graph.Node) *graph.Node {
		scope.Store().SetTraining(input.Graph(), false)
		return s.modelFn(scope, nil, []*graph.Node{input})[0]
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	var outputs []float64
	for batch, err := range batches.Iter() {
		if err != nil {
			return nil, err
		}
		results, err := exec.Exec(batch.Inputs[0])
		if err != nil {
			return nil, err
		}
		for _, value := range tensors.MustCopyFlatData[float32](results[0]) {
			outputs = append(outputs, float64(value))
		}
		if err := batch.Finalize(); err != nil {
			return nil, err
		}
		if err := results[0].FinalizeAll(); err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

// auc is the area under the ROC curve, for scores that are numbers and labels of both kinds: the chance that an example of
// label 1 has a higher score than one of label 0, where equal scores count half (Fawcett, "An introduction to ROC analysis",
// Pattern Recognition Letters 27, 2006).
func auc(scores []float64, labels []int32) float64 {
	sorted, classes := slices.Clone(scores), make([]bool, len(labels))
	for i, label := range labels {
		classes[i] = label == 1
	}
	stat.SortWeightedLabeled(sorted, classes, nil)
	truePositives, falsePositives, _ := stat.ROC(nil, sorted, classes, nil)
	return integrate.Trapezoidal(falsePositives, truePositives)
}
