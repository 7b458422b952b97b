package layers

import "github.com/gomlx/gomlx/core/graph"

// matMul multiplies x, shaped [<any dimensions...>, n], by w, shaped [n, m], to [<any dimensions...>, m].
func matMul(x, w *graph.Node) *graph.Node { return unrows(matMulRows(rows(x), w), x) }

// matMulRows multiplies x, shaped [rows, n], by w, shaped [n, m], to [rows, m].
func matMulRows(x, w *graph.Node) *graph.Node {
	if onXLA(x) {
		return graph.MatMul(x, w)
	}
	// The pure-Go backend transposes element by element, which takes as long as the product. GoMLX's gradient of w
	// transposes x, the gradient of the output, and the result; weightGradient takes the shorter way.
	return withGradient(
		func(inputs []*graph.Node) *graph.Node { return graph.MatMul(inputs[0], inputs[1]) },
		func(inputs []*graph.Node, _, v *graph.Node) []*graph.Node {
			x, w := inputs[0], inputs[1]
			return []*graph.Node{graph.Dot(v, w).General([]int{1}, nil, []int{1}, nil), weightGradient(x, v)}
		}, x, w)
}

// weightGradient is the gradient [n, m] of w, where v, shaped [rows, m], is that of the product of x, shaped [rows, n], by w.
// It transposes as few elements as can be.
func weightGradient(x, v *graph.Node) *graph.Node {
	rows, n, m := x.Shape().Dim(0), x.Shape().Dim(1), v.Shape().Dim(1)
	if rows*n <= rows*m+n*m {
		return graph.MatMul(graph.Transpose(x, 0, 1), v)
	}
	return graph.Transpose(graph.MatMul(graph.Transpose(v, 0, 1), x), 0, 1)
}
