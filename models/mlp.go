package models

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/layers"
)

// MLP is a multilayer perceptron: the pixels of an image, a hidden layer with ReLU for each of units, an output layer.
//
// The weights are mlp/hidden_1/dense/weights and so on, and mlp/output/dense/weights.
func MLP(units ...int) *Classifier {
	return newClassifier("mlp", func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
		x = flatten(x)
		for i, n := range units {
			x = layers.Relu(c.dense(scope.In("hidden_%d", i+1), x, c.scaled(n)).Done())
		}
		return x
	})
}
