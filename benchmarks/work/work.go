// Package work says what the benchmarks measure, to the harness and to its workers in Go: trainings of fixed models on
// fixed numbers ([Work], [Batches]), and the messages by which workers are told to take steps of them ([Request], [Reply]).
package work

import (
	"fmt"
	"slices"
	"strings"
)

// Work is a training that every peer does alike: same model, loss, optimizer, batches and precision, which is float32.
// Workers get it as JSON.
type Work struct {
	Name  string `json:"name"`
	Title string `json:"title"`

	// Model is the network: "mlp", "cnn", "vgg19", "resnet50" or "link". Units are the hidden units of mlp and link, and
	// the channels of cnn.
	Model string `json:"model"`
	Units []int  `json:"units,omitempty"`

	Input   []int `json:"input"`   // Shape of an example: [height, width, channels], or [features] for link.
	Classes int   `json:"classes"` // Of the cross-entropy of a softmax; 1 stands for the cross-entropy of a sigmoid.
	Batch   int   `json:"batch"`

	// Lowering is how sparsekernel's cnn computes its convolutions: "convolve", or "" for what its layer chooses.
	Lowering string `json:"lowering,omitempty"`

	Optimizer    string  `json:"optimizer"` // "adam", or "momentum" for SGD with momentum 0.9.
	LearningRate float64 `json:"learning_rate"`
}

// All are the works in the order of reports.
var All = []Work{
	{Name: "mlp", Title: "MLP 784-1024-1024-10", Model: "mlp", Units: []int{1024, 1024}, Input: []int{28, 28, 1},
		Classes: 10, Batch: 128, Optimizer: "adam", LearningRate: 1e-3},
	{Name: "wide", Title: "MLP 3×2048", Model: "mlp", Units: []int{2048, 2048, 2048}, Input: []int{28, 28, 1},
		Classes: 10, Batch: 64, Optimizer: "adam", LearningRate: 1e-3},
	{Name: "cnn", Title: "CNN 32-64-128", Model: "cnn", Units: []int{32, 64, 128}, Input: []int{32, 32, 3},
		Classes: 10, Batch: 128, Optimizer: "momentum", LearningRate: 0.01},
	{Name: "vgg19", Title: "VGG-19", Model: "vgg19", Input: []int{32, 32, 3},
		Classes: 100, Batch: 32, Optimizer: "momentum", LearningRate: 0.01},
	{Name: "resnet50", Title: "ResNet-50", Model: "resnet50", Input: []int{32, 32, 3},
		Classes: 100, Batch: 16, Optimizer: "momentum", LearningRate: 0.01},
	{Name: "link", Title: "link predictor 16-128-1", Model: "link", Units: []int{128}, Input: []int{16},
		Classes: 1, Batch: 1024, Optimizer: "adam", LearningRate: 1e-3},
}

// ByNames returns the works of the given names, in the order of [All].
func ByNames(names ...string) ([]Work, error) {
	return Choose("work", All, func(w Work) string { return w.Name }, names)
}

// Choose returns those of all things whose names are wanted, in the order of all. A name that none has is an error, which
// lists those there are and calls the things what they are.
func Choose[T any](what string, all []T, name func(T) string, wanted []string) (chosen []T, err error) {
	var known []string
	for _, thing := range all {
		known = append(known, name(thing))
		if slices.Contains(wanted, name(thing)) {
			chosen = append(chosen, thing)
		}
	}
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no %s %q, only %s", what, name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// InputSize is the number of values of an example.
func (w Work) InputSize() int {
	size := 1
	for _, dim := range w.Input {
		size *= dim
	}
	return size
}

// Images tells whether examples are images.
func (w Work) Images() bool { return len(w.Input) == 3 }
