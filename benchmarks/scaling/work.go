package main

import (
	"time"
)

// work is a network in training: a multilayer perceptron with Adam, batches of 64, masks by DST-EE.
type work struct {
	inputs  int
	units   []int // Of hidden layers.
	density float64
	deltaT  int           // Steps from a mask update to the next.
	about   time.Duration // To measure for.
}

// weights is how many weights may be sparse: all but biases.
func (w work) weights() int {
	n, in := 0, w.inputs
	for _, out := range append(append([]int{}, w.units...), classes) {
		n += in * out
		in = out
	}
	return n
}

// flops are the floating-point operations of the matrix products of a training step, dense as XLA computes them: forward,
// gradient of weights, and gradient of inputs in all layers but the first.
func (w work) flops() float64 {
	first := w.inputs * w.units[0]
	return 2 * batch * float64(3*w.weights()-first)
}

// Bytes that must be read and written for each weight, if nothing is read twice: float32 numbers of 4 bytes, masks of 1,
// visit counts of 4.
const (
	denseStepBytes  = 3*4 + 3*4              // Adam reads and writes the weight and two moments.
	maskedStepBytes = denseStepBytes + 1 + 4 // And reads the mask, and writes the gradient for growth.
	updateBytes     = 4 + 4 + 1 + 4 + 1 + 4  // Weight, gradient, mask and visits are read, mask and visits written.
	saveBytes       = 3*4 + 1 + 4            // Weight, two moments, mask and visits are read.
	recordBytes     = 3*4 + 3*1 + 4          // Weight, gradient, score, three masks and visits are read.
)
