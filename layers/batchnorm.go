package layers

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/layers/regularizer"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/support/exceptions"
)

// BatchNormBuilder configures a batch normalization, see [BatchNorm].
type BatchNormBuilder struct {
	scope             *model.Scope
	x                 *graph.Node
	momentum, epsilon float64
	center, scale     bool
}

// BatchNorm prepares the batch normalization of x (Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network
// Training by Reducing Internal Covariate Shift", ICML 2015, arXiv 1502.03167). Call Done to build it.
//
// x is shaped [<batch and spatial dimensions...>, channels], and so is the output. Each channel is normalized by its
// mean and (biased) variance over the other axes: those of the batch in a graph that trains, otherwise their moving
// averages. In bfloat16 and float16 the arithmetic is done in float32.
//
// Variables, defaults and values are those of GoMLX's norm.BatchNorm: <scope>/batch_normalization/ holds scale, offset,
// and, non-trainable, mean, variance and avg_weight (the number of batches averaged, capped by the momentum), each
// shaped [channels]; L2 regularization in the scope's hyperparameters applies to scale; norm.UpdateBatchNormAverages
// works. Unlike GoMLX's it is made of elementary operations and so trains on the pure-Go backend too.
func BatchNorm(scope *model.Scope, x *graph.Node) *BatchNormBuilder {
	if x.Rank() < 2 {
		exceptions.Panicf("layers.BatchNorm in scope %q needs an input [<batch and spatial dimensions...>, channels], got %s",
			scope.Scope(), x.Shape())
	}
	return &BatchNormBuilder{scope: scope, x: x, momentum: 0.99, epsilon: 1e-3, center: true, scale: true}
}

// Momentum sets the weight of the past in the moving averages, per batch. Default: 0.99 (PyTorch's momentum of 0.1 is
// 0.9 here).
func (b *BatchNormBuilder) Momentum(momentum float64) *BatchNormBuilder {
	b.momentum = momentum
	return b
}

// Epsilon sets what is added to the variance before its square root divides. Default: 1e-3 (PyTorch's is 1e-5).
func (b *BatchNormBuilder) Epsilon(epsilon float64) *BatchNormBuilder {
	b.epsilon = epsilon
	return b
}

// Center says whether to add a learned offset to each channel. Default: true.
func (b *BatchNormBuilder) Center(center bool) *BatchNormBuilder {
	b.center = center
	return b
}

// Scale says whether to multiply each channel by a learned scale. Default: true.
func (b *BatchNormBuilder) Scale(scale bool) *BatchNormBuilder {
	b.scale = scale
	return b
}

// Done builds the layer and returns its output.
func (b *BatchNormBuilder) Done() *graph.Node {
	g, x := b.x.Graph(), b.x
	scope := b.scope.In(norm.BatchNormalizationScopeName)
	shape := shapes.Make(weightsDType(scope, x), x.Shape().Dim(-1))
	if x.DType().IsHalfPrecision() {
		x = graph.ConvertDType(x, dtypes.Float32)
	}
	x = rows(x)
	statistic := func(name string, initial initializer.VariableInitializer) *model.Variable {
		// A variable that a checkpoint brings is trainable until told otherwise.
		return scope.WithInitializer(initial).VariableWithShape(name, shape).SetTrainable(false)
	}
	var scaleVar, offsetVar *model.Variable
	if b.scale {
		scaleVar = scope.WithInitializer(initializer.One).VariableWithShape("scale", shape)
	}
	if b.center {
		offsetVar = scope.WithInitializer(initializer.Zero).VariableWithShape("offset", shape)
	}
	meanVar, varianceVar := statistic("mean", initializer.Zero), statistic("variance", initializer.One)
	weightVar := statistic("avg_weight", initializer.Zero)
	scope.Store().RootScope().SetParam(norm.AveragesUpdatesTriggerParam, true)

	phase := model.GetGraphParamOr(scope, g, train.BatchNormalizationUpdatePhase, -1)
	mean, variance := valueAs(x, meanVar), valueAs(x, varianceVar)
	if scope.IsTraining(g) || phase >= 0 {
		batchMean, batchVariance := moments(x)
		weight := graph.OnePlus(valueAs(x, weightVar))
		momentum := graph.MinScalar(graph.OneMinus(graph.Reciprocal(weight)), b.momentum)
		mean = graph.Add(graph.Mul(momentum, mean), graph.Mul(graph.OneMinus(momentum), batchMean))
		variance = graph.Add(graph.Mul(momentum, variance), graph.Mul(graph.OneMinus(momentum), batchVariance))
		weightVar.SetNodeValue(graph.ConvertDType(weight, shape.DType))
		meanVar.SetNodeValue(graph.ConvertDType(mean, shape.DType))
		varianceVar.SetNodeValue(graph.ConvertDType(variance, shape.DType))
		// When only the averages are updated, the second pass over the data already normalizes by those of the first.
		if phase <= 0 {
			mean, variance = batchMean, batchVariance
		}
	}

	factor := graph.Reciprocal(graph.Sqrt(graph.AddScalar(variance, b.epsilon))) // GoMLX's Rsqrt has no gradient.
	if b.scale {
		factor = graph.Mul(factor, valueAs(x, scaleVar))
	}
	// (x - mean)·factor + offset, by way of a center that has no gradient: what the gradient of the mean adds up over x is
	// then what that of the offset does, and XLA adds it up once.
	center := graph.StopGradient(mean)
	offset := graph.Mul(graph.Sub(center, mean), factor)
	if b.center {
		offset = graph.Add(offset, valueAs(x, offsetVar))
	}
	y := graph.Add(graph.Mul(graph.Sub(x, alignLast(center, x)), alignLast(factor, x)), alignLast(offset, x))
	if l2 := model.GetParamOr(scope, regularizer.ParamL2, 0.0); b.scale && l2 > 0 {
		regularizer.L2(l2)(g, scaleVar)
	}
	return unrows(graph.ConvertDType(y, b.x.DType()), b.x)
}

// moments returns mean and (biased) variance of each column of x [rows, channels].
func moments(x *graph.Node) (mean, variance *graph.Node) {
	mean = graph.ReduceMean(x, 0)
	// Steiner's theorem, around a center that has the mean's value but no gradient, spares the gradient one more sum.
	center := graph.StopGradient(mean)
	squares := graph.Square(graph.Sub(x, alignLast(center, x)))
	return mean, graph.Sub(graph.ReduceMean(squares, 0), graph.Square(graph.Sub(mean, center)))
}

// valueAs returns the value of v in the graph and dtype of x.
func valueAs(x *graph.Node, v *model.Variable) *graph.Node {
	return graph.ConvertDType(v.NodeValue(x), x.DType())
}

// alignLast gives a [channels] node the rank of x.
func alignLast(channels, x *graph.Node) *graph.Node {
	return graph.ExpandLeftToRank(channels, x.Rank())
}
