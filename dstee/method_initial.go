package dstee

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// This file holds the methods that choose their masks before training, which then stay.

// MethodStatic trains with random masks that never move, in layers of ERK density: what dynamic sparse training is compared
// with.
func MethodStatic() Method {
	return Method{Name: "static", Paper: "Random masks, the baseline of all the others", Distribution: ERK, Static: true}
}

// MethodSNIP keeps the weights whose removal would change the loss most, by |W·∂L/∂W| of one batch before training, compared
// across layers (Lee et al., ICLR 2019).
func MethodSNIP() Method {
	return Method{
		Name:   "snip",
		Paper:  "Lee et al., SNIP: Single-shot Network Pruning based on Connection Sensitivity, ICLR 2019, arXiv 1810.02340",
		Code:   "namhoonlee/snip-public",
		Static: true,
		Initial: &Initial{
			Gradient: LossGradient,
			Score:    Acquisition{Name: "snip", Score: func(s *Signals) *Node { return Abs(Mul(s.Weight, s.Gradient)) }},
		},
	}
}

// MethodGraSP keeps the weights whose removal would lower the norm of the gradient most, by W·H∂L/∂W before training with H
// the Hessian, compared across layers (Wang et al., ICLR 2020). As in its code, logits are divided by a temperature of 200
// meanwhile, so that it needs the model function, see [Sparsifier.Model]. That code draws 10 examples of each class; here
// they are the first batches.
func MethodGraSP() Method {
	return Method{
		Name:   "grasp",
		Paper:  "Wang et al., Picking Winning Tickets Before Training by Preserving Gradient Flow, ICLR 2020, arXiv 2002.07376",
		Code:   "alecwangcq/GraSP",
		Static: true,
		Initial: &Initial{
			Gradient:    HessianGradient,
			Temperature: 200,
			Score:       Acquisition{Name: "grasp", Score: func(s *Signals) *Node { return Mul(s.Weight, s.Gradient) }},
		},
	}
}

// MethodSynFlow keeps the weights through which most flows, by |W|·∂R/∂|W| with R the sum of the outputs of the network with
// weights |W| for inputs of ones, compared across layers, in 100 rounds of pruning (Tanaka et al., NeurIPS 2020). It looks
// at no data, but needs the model function, see [Sparsifier.Model].
func MethodSynFlow() Method {
	return Method{
		Name:   "synflow",
		Paper:  "Tanaka et al., Pruning neural networks without any data by iteratively conserving synaptic flow, NeurIPS 2020, arXiv 2006.05467",
		Code:   "ganguli-lab/Synaptic-Flow",
		Static: true,
		Initial: &Initial{
			Gradient: SynapticFlow,
			Rounds:   100,
			Score:    Acquisition{Name: "synflow", Score: func(s *Signals) *Node { return Abs(Mul(s.Weight, s.Gradient)) }},
		},
	}
}
