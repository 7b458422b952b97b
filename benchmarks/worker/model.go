package main

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
	"github.com/sparsekernel/sparsekernel/layers"
	"github.com/sparsekernel/sparsekernel/models"
)

// modelOf returns the network of a work.
func modelOf(w work.Work) (train.ModelFn, error) {
	switch w.Model {
	case "mlp":
		return models.MLP(w.Units...).Classes(w.Classes).Done(), nil
	case "cnn":
		return cnn(w)
	case "vgg19":
		return models.VGG19().Classes(w.Classes).Done(), nil
	case "resnet50":
		return models.ResNet50().Classes(w.Classes).Done(), nil
	case "link":
		return models.LinkMLP(w.Units[0]), nil
	default:
		return nil, fmt.Errorf("there is no model %q", w.Model)
	}
}

// cnn has for each of its channels a convolution of size 3 with ReLU and max-pooling of 2x2, and a linear layer.
func cnn(w work.Work) (train.ModelFn, error) {
	lowering, ok := map[string]layers.Lowering{"": layers.LoweringAuto, "convolve": layers.LoweringConvolve}[w.Lowering]
	if !ok {
		return nil, fmt.Errorf("there is no lowering %q", w.Lowering)
	}
	return func(scope *model.Scope, _ any, inputs []*graph.Node) []*graph.Node {
		x := inputs[0]
		for i, n := range w.Units {
			x = layers.Conv(scope.In("conv_%d", i+1), x).Channels(n).KernelSize(3).PadSame().Lowering(lowering).Done()
			x = layers.MaxPool(layers.Relu(x)).Window(2).Done()
		}
		x = graph.Reshape(x, x.Shape().Dim(0), -1)
		return []*graph.Node{layers.Dense(scope.In("output"), x, w.Classes).Done()}
	}, nil
}
