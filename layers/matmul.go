package layers

import "github.com/gomlx/gomlx/core/graph"

// matMul multiplies x, shaped [<any dimensions...>, n], by w, shaped [n, m], to [<any dimensions...>, m].
func matMul(x, w *graph.Node) *graph.Node {
	if onXLA(x) {
		return dot(x, w)
	}
	// The pure-Go backend transposes element by element, which takes as long as the product. GoMLX's gradient of w
	// transposes x, the gradient of the output, and the result; weightGradient takes the shorter way.
	return withGradient(
		func(inputs []*graph.Node) *graph.Node { return dot(inputs[0], inputs[1]) },
		func(inputs []*graph.Node, _, v *graph.Node) []*graph.Node {
			x, w := inputs[0], inputs[1]
			return []*graph.Node{graph.Dot(v, w).General([]int{-1}, nil, []int{-1}, nil), weightGradient(x, v)}
		}, x, w)
}

// weightGradient is the gradient [n, m] of w, where v, shaped [<any dimensions...>, m], is that of the product of x by w.
// It transposes as few elements as can be.
func weightGradient(x, v *graph.Node) *graph.Node {
	x, v = asMatrix(x), asMatrix(v)
	rows, n, m := x.Shape().Dim(0), x.Shape().Dim(1), v.Shape().Dim(1)
	if rows*n <= rows*m+n*m {
		return dot(graph.Transpose(x, 0, 1), v)
	}
	return graph.Transpose(dot(graph.Transpose(v, 0, 1), x), 0, 1)
}

// dot contracts the last axis of a with the first of b.
func dot(a, b *graph.Node) *graph.Node { return graph.Dot(a, b).General([]int{-1}, nil, []int{0}, nil) }

// asMatrix merges all axes but the last.
func asMatrix(x *graph.Node) *graph.Node { return graph.Reshape(x, -1, x.Shape().Dim(-1)) }
