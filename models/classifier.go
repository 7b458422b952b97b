package models

import (
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
	dense    func(scope *model.Scope, x *graph.Node, outputDims ...int) *layers.DenseBuilder
	conv     func(scope *model.Scope, x *graph.Node) *layers.ConvBuilder
	features func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node
}

// newClassifier returns a classifier whose variables are under the scope name, and whose last layer takes the features
// of an image, shaped [batch, features].
func newClassifier(name string, features func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node) *Classifier {
	c := &Classifier{name: name, features: features}
	return c.Classes(10).Sparse(false)
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
		scope = scope.In("%s", config.name)
		return []*graph.Node{config.dense(scope.In("output"), config.features(scope, &config, x), config.classes).Done()}
	}
}

// flatten shapes x [batch, features].
func flatten(x *graph.Node) *graph.Node { return graph.Reshape(x, x.Shape().Dim(0), -1) }
