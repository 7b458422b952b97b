package datasets

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/sparsekernel/sparsekernel/internal/hash"
)

// Graph augments images on the device, with the same bits as a [Split] on the host, on every backend. It is for images
// that are on the device anyway; see [Batches.WithDraws]. Images are shaped [batch, height, width, channels], of any
// dtype, and not normalized yet, since padding is 0; draws are Uint32 [batch].
func (a CropFlip) Graph(images, draws *graph.Node) *graph.Node {
	if images.Rank() != 4 || draws.Rank() != 1 || draws.DType() != dtypes.Uint32 || draws.Shape().Dim(0) != images.Shape().Dim(0) {
		exceptions.Panicf("CropFlip takes images [batch, height, width, channels] and draws Uint32 [batch], got %s and %s",
			images.Shape(), draws.Shape())
	}
	dims := images.Shape().Dimensions
	if err := a.check(dims[1:]); err != nil {
		panic(err)
	}
	g := images.Graph()
	number := func(x uint32) *graph.Node { return graph.Const(g, x) }
	random := func(which uint32) *graph.Node { return hash.Mix32Graph(graph.Add(draws, number(which*0x9E3779B9))) }
	shift := func(random *graph.Node) *graph.Node {
		high := graph.BitwiseShiftRightLogical(random, number(16))
		shifted := graph.BitwiseShiftRightLogical(graph.Mul(high, number(uint32(2*a.Pad+1))), number(16))
		return graph.AddScalar(graph.ConvertDType(shifted, dtypes.Int32), -a.Pad)
	}
	rows, hasRow := a.sources(shift(random(1)), dims[1])
	columns, hasColumn := a.sources(shift(random(2)), dims[2])
	if a.Flip {
		flip := graph.InsertAxes(graph.Equal(graph.BitwiseShiftRightLogical(random(3), number(31)), number(1)), -1)
		mirrored := graph.Sub(graph.Scalar(g, dtypes.Int32, dims[2]-1), columns)
		columns = graph.Where(graph.BroadcastToDims(flip, dims[0], dims[2]), mirrored, columns)
	}

	// Position of each pixel in [batch·height·width], shaped [batch, height, width].
	first := graph.MulScalar(graph.Iota(g, shapes.Make(dtypes.Int32, dims[0], 1, 1), 0), dims[1]*dims[2])
	pixels := graph.Add(first, graph.Add(graph.MulScalar(graph.InsertAxes(rows, -1), dims[2]), graph.InsertAxes(columns, 1)))
	moved := graph.Gather(graph.Reshape(images, -1, dims[3]), graph.InsertAxes(pixels, -1))
	if a.Reflect {
		return moved
	}
	inside := graph.LogicalAnd(
		graph.BroadcastToDims(graph.InsertAxes(hasRow, -1, -1), dims...),
		graph.BroadcastToDims(graph.InsertAxes(hasColumn, 1, -1), dims...))
	return graph.Where(inside, moved, graph.ZerosLike(moved))
}

// sources returns, shaped [batch, size], where rows, or columns, of images that are moved by shift, Int32 [batch], come
// from, and whether they come from the image or from black padding.
func (a CropFlip) sources(shift *graph.Node, size int) (at, inside *graph.Node) {
	g := shift.Graph()
	last := graph.Scalar(g, dtypes.Int32, size-1)
	at = graph.Add(graph.Iota(g, shapes.Make(dtypes.Int32, shift.Shape().Dim(0), size), 1), graph.InsertAxes(shift, -1))
	if a.Reflect {
		return graph.Sub(last, graph.Abs(graph.Sub(last, graph.Abs(at)))), nil
	}
	clipped := graph.Min(graph.Max(at, graph.ScalarZero(g, dtypes.Int32)), last)
	return clipped, graph.Equal(at, clipped)
}

// Graph normalizes images on the device, shaped [..., channels] and of a float dtype: what a model that is used without
// a [Split] needs. It rounds as the backend does, hence may differ from the host in the last bit.
func (n Normalization) Graph(images *graph.Node) *graph.Node {
	if n.Mean == nil {
		return images
	}
	if err := n.check(images.Shape().Dim(-1)); err != nil {
		panic(err)
	}
	perChannel := func(values []float32) *graph.Node {
		return graph.ExpandLeftToRank(graph.ConvertDType(graph.Const(images.Graph(), values), images.DType()), images.Rank())
	}
	return graph.Div(graph.Sub(images, perChannel(n.Mean)), perChannel(n.Std))
}
