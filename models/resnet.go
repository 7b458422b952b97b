package models

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/layers"
)

// ResNet50 is the residual network of 50 layers (He, Zhang, Ren and Sun, CVPR 2016, arXiv 1512.03385) for small images,
// in the form in which sparse training is compared on CIFAR (VITA-Group/GraNet, ResNet50): a first convolution of size 3
// and stride 1, no pooling, bottlenecks with the stride in their convolution of size 3, no bias in the last layer.
//
// With 100 classes it has 23,652,032 weights in matrices and kernels, and takes 1,298,014,208 multiply-accumulate
// operations for an image of 32x32x3.
//
// The weights are resnet50/stem/conv/weights; resnet50/stage_S/block_B/{conv_1,conv_2,conv_3,shortcut}/conv/weights; and
// resnet50/output/dense/weights.
func ResNet50() *Classifier {
	return resNet("resnet50", smallStem, bottleneck, []int{3, 4, 6, 3}).OutputBias(false)
}

// ResNet50ImageNet is [ResNet50] for images of ImageNet's size, as in PyTorch's torchvision: a first convolution of size 7
// and stride 2, max-pooling of size 3 and stride 2, a bias in the last layer.
//
// With 1000 classes it has 25,502,912 weights in matrices and kernels, and takes 4,089,184,256 multiply-accumulate
// operations for an image of 224x224x3. The weights are named as those of ResNet50.
func ResNet50ImageNet() *Classifier {
	return resNet("resnet50", imageNetStem, bottleneck, []int{3, 4, 6, 3}).Classes(1000)
}

// ResNet18 is the residual network of 18 layers of the same paper for small images, with the first convolution and the
// last layer of [ResNet50]: the cheaper twin of that. Its blocks have two convolutions, conv_1 and conv_2.
func ResNet18() *Classifier {
	return resNet("resnet18", smallStem, basicBlock, []int{2, 2, 2, 2}).OutputBias(false)
}

// WRN22x2 is the wide residual network WRN-22-2 (Zagoruyko and Komodakis, BMVC 2016, arXiv 1605.07146), on which RigL is
// compared on CIFAR-10: three stages of three blocks with 32, 64 and 128 channels, normalization and ReLU before each
// convolution, no dropout.
//
// The weights are wrn22x2/stem/conv/weights; wrn22x2/stage_S/block_B/{conv_1,conv_2,shortcut}/conv/weights; and
// wrn22x2/output/dense/weights.
func WRN22x2() *Classifier {
	return newClassifier("wrn22x2", func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
		x = c.convolution(scope.In("stem"), x, c.scaled(16), 3, 1)
		for i := range 3 {
			x = stage{preActivationBlock, 3, c.scaled(32 << i), i > 0}.build(scope.In("stage_%d", i+1), c, x)
		}
		return globalMean(layers.Relu(normalize(scope.In("last"), x)))
	})
}

// residualBlock builds a block whose convolutions have the given number of channels, before any expansion.
type residualBlock func(scope *model.Scope, c *Classifier, x *graph.Node, channels, stride int) *graph.Node

// resNet is a residual network of four stages with the given numbers of blocks; each stage but the first halves the image
// and doubles the channels.
func resNet(name string, stem func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node, block residualBlock,
	blocks []int) *Classifier {
	return newClassifier(name, func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
		x = stem(scope.In("stem"), c, x)
		for i, count := range blocks {
			x = stage{block, count, c.scaled(64 << i), i > 0}.build(scope.In("stage_%d", i+1), c, x)
		}
		return globalMean(x)
	})
}

// stage is a sequence of blocks.
type stage struct {
	block    residualBlock
	blocks   int
	channels int
	halve    bool // Whether the first block halves the image.
}

func (s stage) build(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
	for b := range s.blocks {
		stride := 1
		if s.halve && b == 0 {
			stride = 2
		}
		x = s.block(scope.In("block_%d", b+1), c, x, s.channels, stride)
	}
	return x
}

func smallStem(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
	return layers.Relu(c.convNorm(scope, x, c.scaled(64), 3, 1))
}

func imageNetStem(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
	x = layers.Relu(c.convNorm(scope, x, c.scaled(64), 7, 2))
	return layers.MaxPool(x).Window(3).Strides(2).PadSame().Done()
}

// bottleneck reduces the channels, convolves, and expands them fourfold.
func bottleneck(scope *model.Scope, c *Classifier, x *graph.Node, channels, stride int) *graph.Node {
	const expansion = 4
	y := layers.Relu(c.convNorm(scope.In("conv_1"), x, channels, 1, 1))
	y = layers.Relu(c.convNorm(scope.In("conv_2"), y, channels, 3, stride))
	y = c.convNorm(scope.In("conv_3"), y, expansion*channels, 1, 1)
	return layers.Relu(graph.Add(y, shortcut(scope, c, x, expansion*channels, stride)))
}

// basicBlock convolves twice.
func basicBlock(scope *model.Scope, c *Classifier, x *graph.Node, channels, stride int) *graph.Node {
	y := layers.Relu(c.convNorm(scope.In("conv_1"), x, channels, 3, stride))
	y = c.convNorm(scope.In("conv_2"), y, channels, 3, 1)
	return layers.Relu(graph.Add(y, shortcut(scope, c, x, channels, stride)))
}

// shortcut is x, projected where the shape changes.
func shortcut(scope *model.Scope, c *Classifier, x *graph.Node, channels, stride int) *graph.Node {
	if stride == 1 && x.Shape().Dim(-1) == channels {
		return x
	}
	return c.convNorm(scope.In("shortcut"), x, channels, 1, stride)
}

// preActivationBlock convolves twice, with normalization and ReLU before each. Where the channels change, the shortcut
// starts after the first of these.
func preActivationBlock(scope *model.Scope, c *Classifier, x *graph.Node, channels, stride int) *graph.Node {
	y := layers.Relu(normalize(scope.In("conv_1"), x))
	if stride != 1 || x.Shape().Dim(-1) != channels {
		x = c.convolution(scope.In("shortcut"), y, channels, 1, stride)
	}
	y = c.convolution(scope.Shared("conv_1"), y, channels, 3, stride)
	y = layers.Relu(normalize(scope.In("conv_2"), y))
	return graph.Add(x, c.convolution(scope.Shared("conv_2"), y, channels, 3, 1))
}
