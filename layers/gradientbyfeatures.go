package layers

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// gradientByFeatures returns x [<any dimensions...>, n], to be multiplied by weights W [n, m]. The gradient of the product
// with respect to x, g·Wᵀ for its own gradient g, it has computed as W·gᵀ and transposed, where that is faster: on XLA's CPU
// client with few rows. Both give the same values up to rounding, and any two runs the same bits.
//
// XLA's CPU client leaves products of matrices to Eigen, which packs its left operand first, here Wᵀ: one value from each of
// W's rows at a time, which takes longer than the product. W·gᵀ packs gᵀ instead, and W as it lies in memory. XLA would
// undo a mere transposition of operands and result; the maximum with -∞, which changes no value, keeps it from that.
//
// BenchmarkInputGradient measures it.
func gradientByFeatures(x *graph.Node, outputs int) *graph.Node {
	features := x.Shape().Dim(-1)
	rows := x.Shape().Size() / features
	if !onXLACPU(x.Graph().Backend()) || x.DType() != dtypes.Float32 || rows > min(features, outputs)/maxRowsShare {
		return x
	}
	return graph.IdentityWithCustomGradient(x, func(x, gradient *graph.Node) *graph.Node {
		byFeatures := graph.Transpose(graph.Reshape(gradient, rows, features), 0, 1)
		lowest := graph.Scalar(x.Graph(), x.DType(), math.Inf(-1))
		return graph.Reshape(graph.Transpose(graph.Max(byFeatures, lowest), 0, 1), x.Shape().Dimensions...)
	})
}

// maxRowsShare is how many times as large as the number of rows both dimensions of the weights must be: with more rows
// the packing of the weights is a small part of the product, and the transposition of the result a larger one. At 2 they are
// equal.
const maxRowsShare = 4

// onXLACPU tells whether the backend is XLA without a GPU.
func onXLACPU(backend compute.Backend) bool {
	gpu, known := backend.(interface{ IsCUDA() bool })
	return backend.Name() == "xla" && !(known && gpu.IsCUDA())
}
