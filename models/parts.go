package models

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/layers"
)

// flatten shapes x [batch, features].
func flatten(x *graph.Node) *graph.Node { return graph.Reshape(x, x.Shape().Dim(0), -1) }

// globalMean is the mean of each channel of x [batch, height, width, channels] over the image, [batch, channels].
func globalMean(x *graph.Node) *graph.Node { return graph.ReduceMean(x, 1, 2) }

// convolution is a square convolution without bias, padded so that a stride of 1 keeps the image's size.
func (c *Classifier) convolution(scope *model.Scope, x *graph.Node, channels, size, stride int) *graph.Node {
	return c.conv(scope, x).Channels(channels).KernelSize(size).Strides(stride).PadSame().Bias(false).Done()
}

// convNorm is a convolution followed by batch normalization.
func (c *Classifier) convNorm(scope *model.Scope, x *graph.Node, channels, size, stride int) *graph.Node {
	return normalize(scope, c.convolution(scope, x, channels, size, stride))
}

// normalize is batch normalization with the constants of PyTorch, with which the networks of the papers are trained.
func normalize(scope *model.Scope, x *graph.Node) *graph.Node {
	return layers.BatchNorm(scope, x).Momentum(0.9).Epsilon(1e-5).Done()
}
