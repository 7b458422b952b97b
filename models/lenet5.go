package models

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/sparsekernel/sparsekernel/layers"
)

// LeNet5 is LeNet-5 (LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition",
// Proceedings of the IEEE 86(11), 1998), with the layers' names of the paper: convolutions C1 and C3 of size 5 with 6
// and 16 channels, each followed by pooling of 2x2 (S2, S4), fully connected layers C5 and F6 with 120 and 84 units, and
// the output.
//
// It differs from the paper as later implementations do: ReLU instead of a scaled tanh; max-pooling instead of averages
// with learned coefficients; every channel of C3 sees all of S2; the output is linear, for a cross-entropy, not a radial
// basis function. With an image of 28x28x1 or 32x32x1 and 10 classes it has 61,706 parameters.
//
// The paper's images are 32x32. Where a convolution gets an image smaller than in the paper, 32x32 for C1 and 14x14 for
// C3, it pads with zeros to keep its size. That is the common practice for MNIST's 28x28, where C1 sees what it would
// see had the image been centered in 32x32, and it admits images down to 4x4, such as the 8x8 digits.
//
// The weights are lenet5/c1/conv/weights, lenet5/c3/conv/weights, and lenet5/{c5,f6,output}/dense/weights.
func LeNet5() *Classifier {
	return newClassifier("lenet5", func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
		const smallest = 4
		if x.Shape().Dim(1) < smallest || x.Shape().Dim(2) < smallest {
			exceptions.Panicf("LeNet-5 takes images of %dx%d or more, got %s", smallest, smallest, x.Shape())
		}
		convolution := func(name string, x *graph.Node, channels, paperSize int) *graph.Node {
			conv := c.conv(scope.In("%s", name), x).Channels(c.scaled(channels)).KernelSize(5)
			if min(x.Shape().Dim(1), x.Shape().Dim(2)) < paperSize {
				conv.PadSame()
			}
			return layers.Relu(layers.MaxPool(conv.Done()).Window(2).Done()) // ReLU commutes with it, and has less to do after it.
		}
		x = convolution("c1", x, 6, 32)
		x = convolution("c3", x, 16, 14)
		x = layers.Relu(c.dense(scope.In("c5"), flatten(x), c.scaled(120)).Done())
		return layers.Relu(c.dense(scope.In("f6"), x, c.scaled(84)).Done())
	})
}
