package models

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/sparsekernel/sparsekernel/layers"
)

// Classifier configures a network from images to the logits of classes. Call Done for the function that builds it.
type Classifier struct {
	name     string
	classes  int
	width    float64
	bias     bool // Of the last layer.
	mixed    bool
	dense    func(scope *model.Scope, x *graph.Node, outputDims ...int) *layers.DenseBuilder
	conv     func(scope *model.Scope, x *graph.Node) *layers.ConvBuilder
	features func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node
}

// newClassifier returns a classifier whose variables are under the scope name, and whose last layer takes the features
// of an image, shaped [batch, features].
func newClassifier(name string, features func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node) *Classifier {
	c := &Classifier{name: name, features: features}
	return c.Classes(10).Sparse(false).Width(1).OutputBias(true)
}

// Classes sets the number of classes. Default: 10.
func (c *Classifier) Classes(classes int) *Classifier {
	c.classes = classes
	return c
}

// Sparse says whether to build the network of layers.SparseDense and layers.SparseConv, which are sparse by themselves,
// or of ordinary layers. Variables have the same names and shapes. Default: false.
func (c *Classifier) Sparse(sparse bool) *Classifier {
	c.dense, c.conv = layers.Dense, layers.Conv
	if sparse {
		c.dense, c.conv = layers.SparseDense, layers.SparseConv
	}
	return c
}

// Width multiplies the number of channels, units or attention heads of every layer but the last, for networks that are
// cheaper to train than the paper's; each keeps at least 1. Default: 1.
func (c *Classifier) Width(factor float64) *Classifier {
	c.width = factor
	return c
}

// scaled is the number of channels at the classifier's width.
func (c *Classifier) scaled(channels int) int {
	return max(1, int(math.Round(c.width*float64(channels))))
}

// OutputBias says whether the last layer has a bias. Default: true, but for the networks that say otherwise.
func (c *Classifier) OutputBias(bias bool) *Classifier {
	c.bias = bias
	return c
}

// MixedPrecision computes in bfloat16 what lies between images and logits, which stay as they are, while weights, masks,
// gradients and the optimizer's state are kept in the dtype of the images (Micikevicius et al., ICLR 2018, arXiv
// 1710.03740; bfloat16 needs no scaling of the loss). Default: false.
func (c *Classifier) MixedPrecision(mixed bool) *Classifier {
	c.mixed = mixed
	return c
}

// Done returns the network as a function for train.NewTrainer. It takes one input, images shaped
// [batch, height, width, channels] of a float dtype, and returns one output, logits shaped [batch, classes]. As GoMLX's
// graph building functions, it panics on other inputs.
func (c *Classifier) Done() train.ModelFn {
	config := *c
	return func(scope *model.Scope, _ any, inputs []*graph.Node) []*graph.Node {
		x := inputs[0]
		if config.classes < 1 {
			exceptions.Panicf("model %q needs 1 class or more, got %d", config.name, config.classes)
		}
		if x.Rank() != 4 || !x.DType().IsFloat() {
			exceptions.Panicf("model %q takes float images shaped [batch, height, width, channels], got %s", config.name, x.Shape())
		}
		if !(config.width > 0) || math.IsInf(config.width, 0) {
			exceptions.Panicf("model %q needs a width above 0, got %g", config.name, config.width)
		}
		scope = scope.In("%s", config.name)
		dtype := x.DType()
		if config.mixed {
			scope.SetParam(layers.ParamWeightsDType, dtype.String())
			x = graph.ConvertDType(x, dtypes.BFloat16)
		}
		x = config.features(scope, &config, x)
		logits := config.dense(scope.In("output"), x, config.classes).Bias(config.bias).Done()
		return []*graph.Node{graph.ConvertDType(logits, dtype)}
	}
}
