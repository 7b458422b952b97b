package models

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Sizes of ViT-Ti (Steiner et al., TMLR 2022, arXiv 2106.10270, table 2), with patches for small images.
const (
	vitPatch  = 4
	vitWidth  = 192
	vitDepth  = 12
	vitHeads  = 3
	vitHidden = 4 * vitWidth
)

// ViTTiny is the vision transformer ViT-Ti (Dosovitskiy et al., ICLR 2021, arXiv 2010.11929, in the size of Steiner et
// al., 2022) for small images: patches of 4x4, 12 blocks of width 192 with 3 heads. As Beyer, Zhai and Kolesnikov ("Better
// plain ViT baselines for ImageNet-1k", arXiv 2205.01580) it has fixed sine and cosine position embeddings and the
// mean over the patches in place of a class token: all its matrices are weights of linear layers, which may be sparse.
// Height and width of the images are multiples of 4.
//
// The weights are vit_tiny/patches/dense/weights; vit_tiny/block_B/{query,key,value,attended,hidden,projected}/dense/weights
// for B from 1 to 12; and vit_tiny/output/dense/weights.
func ViTTiny() *Classifier {
	return newClassifier("vit_tiny", func(scope *model.Scope, c *Classifier, x *graph.Node) *graph.Node {
		batch, height, width, channels := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2), x.Shape().Dim(3)
		if height%vitPatch != 0 || width%vitPatch != 0 {
			exceptions.Panicf("ViT-Ti takes images whose height and width are multiples of %d, got %s", vitPatch, x.Shape())
		}
		rows, columns := height/vitPatch, width/vitPatch
		x = graph.Reshape(x, batch, rows, vitPatch, columns, vitPatch, channels)
		x = graph.TransposeAllAxes(x, 0, 1, 3, 2, 4, 5)
		x = graph.Reshape(x, batch, rows*columns, vitPatch*vitPatch*channels)
		heads := c.scaled(vitHeads)
		features := heads * vitWidth / vitHeads
		x = c.dense(scope.In("patches"), x, features).Done()
		positions := graph.ConstAsDType(x.Graph(), x.DType(), positionEmbedding(rows, columns, features))
		x = graph.Add(x, graph.ExpandLeftToRank(positions, 3))
		for block := range vitDepth {
			x = transformerBlock(scope.In("block_%d", block+1), c, x, heads)
		}
		return graph.ReduceMean(layerNorm(scope.In("last"), x), 1)
	})
}

// transformerBlock is attention among the patches, then an MLP on each, both after normalization and added to x, shaped
// [batch, patches, features].
func transformerBlock(scope *model.Scope, c *Classifier, x *graph.Node, heads int) *graph.Node {
	batch, patches, features := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	y := layerNorm(scope.In("before_attention"), x)
	project := func(name string) *graph.Node { // [batch, heads, patches, features of the head]
		return graph.TransposeAllAxes(c.dense(scope.In("%s", name), y, heads, features/heads).Done(), 0, 2, 1, 3)
	}
	query, key, value := project("query"), project("key"), project("value")
	affinity := graph.MulScalar(graph.Einsum("bhqd,bhkd->bhqk", query, key), 1/math.Sqrt(float64(features/heads)))
	y = graph.Einsum("bhqk,bhkd->bhqd", inFull(affinity, func(x *graph.Node) *graph.Node { return graph.Softmax(x, -1) }), value)
	y = graph.Reshape(graph.TransposeAllAxes(y, 0, 2, 1, 3), batch, patches, features)
	x = graph.Add(x, c.dense(scope.In("attended"), y, features).Done())

	y = layerNorm(scope.In("before_mlp"), x)
	y = activation.Gelu(c.dense(scope.In("hidden"), y, features*vitHidden/vitWidth).Done())
	return graph.Add(x, c.dense(scope.In("projected"), y, features).Done())
}

// layerNorm normalizes the features of each patch, with the constant of the papers' code.
func layerNorm(scope *model.Scope, x *graph.Node) *graph.Node {
	return inFull(x, func(x *graph.Node) *graph.Node { return norm.LayerNorm(scope, x, -1).Epsilon(1e-6).Done() })
}

// inFull computes f, which sums many numbers, in float32 if x is of half precision, and returns the result in x's dtype.
func inFull(x *graph.Node, f func(x *graph.Node) *graph.Node) *graph.Node {
	dtype := x.DType()
	if dtype.IsHalfPrecision() {
		x = graph.ConvertDType(x, dtypes.Float32)
	}
	return graph.ConvertDType(f(x), dtype)
}

// positionEmbedding is the two-dimensional sine and cosine embedding of Beyer et al., [rows*columns][features]: a quarter
// of the features each for sine and cosine of the column and of the row, at wavelengths from 2π to 2π·10000.
func positionEmbedding(rows, columns, features int) [][]float64 {
	quarter := features / 4
	embedding := make([][]float64, rows*columns)
	for p := range embedding {
		embedding[p] = make([]float64, features)
		for i := range quarter {
			frequency := math.Pow(10000, -float64(i)/float64(max(1, quarter-1)))
			for part, at := range []float64{float64(p % columns), float64(p / columns)} {
				embedding[p][2*part*quarter+i] = math.Sin(at * frequency)
				embedding[p][(2*part+1)*quarter+i] = math.Cos(at * frequency)
			}
		}
	}
	return embedding
}
