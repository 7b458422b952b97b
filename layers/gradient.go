package layers

import "github.com/gomlx/gomlx/core/graph"

// withGradient is f(inputs) with a gradient other than GoMLX's: gradient takes the inputs, the output and the gradient of
// the output, and returns those of the inputs. What it does not use of them costs nothing.
func withGradient(f func(inputs []*graph.Node) *graph.Node, gradient func(inputs []*graph.Node, y, v *graph.Node) []*graph.Node,
	inputs ...*graph.Node) *graph.Node {
	// The gradient of an output is built before those of the inputs, so that it can be left for them here.
	var gradients []*graph.Node
	through := make([]*graph.Node, len(inputs))
	for i, input := range inputs {
		through[i] = graph.IdentityWithCustomGradient(input, func(_, _ *graph.Node) *graph.Node { return gradients[i] })
	}
	return graph.IdentityWithCustomGradient(f(through), func(y, v *graph.Node) *graph.Node {
		gradients = gradient(through, y, v)
		return v
	})
}

// onXLA tells whether x is computed by XLA rather than by the pure-Go backend.
func onXLA(x *graph.Node) bool { return x.Graph().Backend().Name() == "xla" }
