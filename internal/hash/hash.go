// Package hash has the integer hash that random numbers are drawn with, on the host and in a graph: the same bits everywhere.
package hash

import "github.com/gomlx/gomlx/core/graph"

// Mix32 is the finalizer of MurmurHash3 (Appleby, public domain): one to one, and each bit of x changes half of the bits.
func Mix32(x uint32) uint32 {
	x = (x ^ x>>16) * 0x85EBCA6B
	x = (x ^ x>>13) * 0xC2B2AE35
	return x ^ x>>16
}

// Mix32Graph is [Mix32] of each entry of x, Uint32 of any shape.
func Mix32Graph(x *graph.Node) *graph.Node {
	g := x.Graph()
	fold := func(x *graph.Node, bits uint32) *graph.Node {
		return graph.BitwiseXor(x, graph.BitwiseShiftRightLogical(x, graph.Const(g, bits)))
	}
	x = graph.Mul(fold(x, 16), graph.Const(g, uint32(0x85EBCA6B)))
	x = graph.Mul(fold(x, 13), graph.Const(g, uint32(0xC2B2AE35)))
	return fold(x, 16)
}
