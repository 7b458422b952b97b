package dstee

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// staysZero tells whether the node is zero wherever the layer is inactive, without being masked: because it is computed,
// by operations that keep zeros, from the layer's masked gradient, its weights, and the tensor with the given path, all
// of which are zero there. It spares the moments of SGD and Adam a mask, one or two percent of a step.
//
// What it does not know keeps no zeros.
func staysZero(node *Node, l *layer, path string, sources map[*Node]*layer) bool {
	known := map[*Node]bool{}
	var zero func(n *Node) bool
	zero = func(n *Node) bool {
		if result, found := known[n]; found {
			return result
		}
		// Broadcast scalars are no zeros: only operands of the full shape are.
		result := slices.Equal(n.Shape().Dimensions, l.weight.Shape().Dimensions)
		if result && sources[n] != l {
			in := n.Inputs()
			switch n.Type() {
			case NodeTypeParameter:
				name := n.GetParameterName()
				result = name == path || name == l.path
			case NodeTypeMul:
				result = zero(in[0]) || zero(in[1])
			case NodeTypeAdd, NodeTypeSub, NodeTypeMax, NodeTypeMin:
				result = zero(in[0]) && zero(in[1])
			case NodeTypeAbs, NodeTypeNeg, NodeTypeSign, NodeTypeSqrt, NodeTypeConvertDType:
				result = zero(in[0])
			default:
				result = false
			}
		}
		known[n] = result
		return result
	}
	return zero(node)
}
