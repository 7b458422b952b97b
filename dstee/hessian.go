package dstee

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// hessianStep is how far apart the two points are, relative to the weights, whose gradients make a Hessian-gradient product:
// a third of the digits of Float32, which balances what differences of close numbers lose and what curves.
const hessianStep = 1e-2

// hessianGradient returns the product of the Hessian of the loss with its gradient g at the given weights, by central
// differences along g:
//
//	H·g ≈ (∇L(w + h·g) - ∇L(w - h·g)) / 2h,  h = hessianStep · |w| / |g|
//
// GoMLX v0.28 does not differentiate the gradient of a convolution, on either backend; differences take any model.
func (p *probe) hessianGradient(weights []*tensors.Tensor, batches int) ([]*tensors.Tensor, error) {
	for _, l := range p.choice.layers {
		if l.weight.DType().IsHalfPrecision() {
			return nil, fmt.Errorf("the weights of %q are %s, too coarse for differences of gradients: use Float32", l.path, l.weight.DType())
		}
	}
	gradient, err := p.gradient(weights, batches)
	if err != nil {
		return nil, err
	}
	var sizes [2]float64
	for i, all := range [][]*tensors.Tensor{weights, gradient} {
		if sizes[i], err = p.norm(all); err != nil {
			return nil, err
		}
	}
	if sizes[1] == 0 {
		return nil, errors.New("the gradient of the loss is zero everywhere")
	}
	h := hessianStep * sizes[0] / sizes[1]
	plus, err := p.gradientBeside(weights, gradient, h, batches)
	if err != nil {
		return nil, err
	}
	minus, err := p.gradientBeside(weights, gradient, -h, batches)
	if err != nil {
		return nil, err
	}
	difference := newExec(p.trainer.Backend(), func(plus, minus, h *Node) *Node { return Div(Sub(plus, minus), Add(h, h)) })
	products := make([]*tensors.Tensor, len(plus))
	for i := range plus {
		if products[i], err = difference.Call1(plus[i], minus[i], float32(h)); err != nil {
			return nil, err
		}
	}
	return products, nil
}

// gradientBeside returns the gradient at the weights moved by h times the direction; what is pruned stays zero.
func (p *probe) gradientBeside(weights, direction []*tensors.Tensor, h float64, batches int) ([]*tensors.Tensor, error) {
	move := newExec(p.trainer.Backend(), func(w, direction, h, mask *Node) *Node {
		return applyMask(mask, Add(w, ConvertDType(Mul(direction, h), w.DType())))
	})
	moved := make([]*tensors.Tensor, len(weights))
	for i := range weights {
		var err error
		if moved[i], err = move.Call1(weights[i], direction[i], float32(h), p.choice.mask(i)); err != nil {
			return nil, err
		}
	}
	return p.gradient(moved, batches)
}

// norm is the Euclidean norm of all tensors together.
func (p *probe) norm(all []*tensors.Tensor) (float64, error) {
	square := newExec(p.trainer.Backend(), func(x *Node) *Node {
		x = ConvertDType(x, dtypes.Float64)
		return ReduceAllSum(Mul(x, x))
	})
	sum := 0.0
	for _, t := range all {
		s, err := square.Call1(t)
		if err != nil {
			return 0, err
		}
		sum += tensors.ToScalar[float64](s)
	}
	return math.Sqrt(sum), nil
}
