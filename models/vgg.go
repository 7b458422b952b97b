package models

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/sparsekernel/sparsekernel/layers"
)

// VGG19 is the VGG of 19 layers (Simonyan and Zisserman, ICLR 2015, arXiv 1409.1556) in the form in which sparse training
// is compared on CIFAR (VITA-Group/GraNet, vgg19): 16 convolutions of size 3 without bias, each with batch
// normalization and ReLU, halved by max-pooling after the 2nd, 4th, 8th and 12th; the mean over what is left of the
// image, 2x2 for CIFAR's 32x32; one linear layer. Images are 16x16 or larger.
//
// With 100 classes it has 20,070,080 weights in matrices and kernels, and takes 398,182,400 multiply-accumulate
// operations for an image of 32x32x3.
//
// The weights are vgg19/conv_1/conv/weights to vgg19/conv_16/conv/weights, and vgg19/output/dense/weights.
func VGG19() *Classifier { return vgg("vgg19", 2, 2, 4, 4, 4) }

// VGG11 is the VGG of 11 layers of the same paper, configuration A, in the form of [VGG19]: the cheaper twin of that. Its 8
// convolutions are halved by max-pooling after the 1st, 2nd, 4th and 6th. Images are 16x16 or larger.
//
// With 100 classes it has 9,268,928 weights in matrices and kernels, and takes 152,815,616 multiply-accumulate operations
// for an image of 32x32x3. The weights are named as those of VGG19.
func VGG11() *Classifier { return vgg("vgg11", 1, 1, 2, 2, 2) }

// vgg is a VGG of five stages with the given numbers of convolutions; each stage but the last halves the image.
func vgg(name string, stages ...int) *Classifier {
	return newClassifier(name, func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
		const smallest = 16
		if x.Shape().Dim(1) < smallest || x.Shape().Dim(2) < smallest {
			exceptions.Panicf("%s takes images of %dx%d or more, got %s", name, smallest, smallest, x.Shape())
		}
		i := 0
		for stage, convolutions := range stages {
			for range convolutions {
				i++
				conv := scope.In("conv_%d", i)
				x = layers.Relu(c.convNorm(conv, x, c.scaled(64<<min(stage, 3)), 3, 1))
			}
			if stage < len(stages)-1 {
				x = layers.MaxPool(x).Window(2).Done()
			}
		}
		return globalMean(x)
	})
}
