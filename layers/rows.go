package layers

import "github.com/gomlx/gomlx/core/graph"

// rows shapes x [<any dimensions...>, n] as a matrix [rows, n].
//
// What a layer adds up over all dimensions but the last, forward or as a gradient, it adds up over the first axis of this
// matrix: XLA's code for the CPU is there up to 10 times faster than over several axes, and multiplies matrices without
// transposing them first.
func rows(x *graph.Node) *graph.Node {
	last := x.Shape().Dim(-1)
	return graph.Reshape(x, x.Shape().Size()/last, last)
}

// unrows gives y [rows, m] the dimensions of x, [<any dimensions...>, n], but for the last: [<any dimensions...>, m].
func unrows(y, x *graph.Node) *graph.Node {
	dims := append([]int{}, x.Shape().Dimensions...)
	dims[len(dims)-1] = y.Shape().Dim(-1)
	return graph.Reshape(y, dims...)
}

// addBiases adds biases [n] to x [<any dimensions...>, n].
func addBiases(x, biases *graph.Node) *graph.Node {
	return unrows(graph.Add(rows(x), alignLast(biases, rows(x))), x)
}
