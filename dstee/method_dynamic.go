package dstee

// This file holds the methods that drop and regrow weights at a constant density.

// itopAnnealing is the drop fraction of DST-EE's and ITOP's code.
var itopAnnealing = Cosine{First: DefaultDropFraction, Last: LastDropFraction}

// MethodDSTEE is DST-EE in the form of its paper (Huang et al., DAC 2023, arXiv 2211.16667): see [DSTEE]. ε, distribution
// and drop fraction are those of its first author's code; c and ΔT are chosen here, since the paper sets them for each
// experiment.
func MethodDSTEE() Method {
	return Method{
		Name:          "dst-ee",
		Paper:         "Huang et al., Dynamic Sparse Training via Balancing the Exploration-Exploitation Trade-off, DAC 2023, arXiv 2211.16667",
		Code:          "harveyp123/ICCD_SpTrn_SLR",
		Drop:          Magnitude(),
		Grow:          DSTEE(Constant(DefaultC), Constant(DefaultEpsilon)),
		DropFraction:  itopAnnealing,
		Updates:       Every{DeltaT: DefaultDeltaT},
		Distribution:  ERK,
		DenseGradient: GradientAtUpdates,
	}
}

// MethodDSTEEReference is DST-EE as its first author's code has it (harveyp123/ICCD_SpTrn_SLR): the bonus is added to the
// signed gradient, see [DSTEEReference], with that code's defaults c 1e-5, ε 1 and ΔT 1000.
func MethodDSTEEReference() Method {
	m := MethodDSTEE()
	m.Name = "dst-ee-reference"
	m.Grow = DSTEEReference(Constant(1e-5), Constant(1))
	m.Updates = Every{DeltaT: 1000}
	return m
}

// MethodSET is sparse evolutionary training (Mocanu et al., 2018): random growth of a constant share, ζ = 0.3, in layers of
// Erdős–Rényi density. ΔT is chosen here; the paper updates once per epoch. Of the weights of either sign it drops those
// of smallest magnitude together.
func MethodSET() Method {
	return Method{
		Name:         "set",
		Paper:        "Mocanu et al., Scalable training of artificial neural networks with adaptive sparse connectivity, 2018, arXiv 1707.04780",
		Code:         "dcmocanu/sparse-evolutionary-artificial-neural-networks",
		Drop:         Magnitude(),
		Grow:         SET(),
		DropFraction: Constant(0.3),
		Updates:      Every{DeltaT: DefaultDeltaT},
		Distribution: ER,
	}
}

// MethodSNFS is sparse networks from scratch (Dettmers and Zettlemoyer, 2019): growth by the momentum of the dense gradient,
// shared out among layers by the mean size of the momentum of the weights they keep, from layers that start with the same
// density. Drop fraction and momentum are those of its code; ΔT is chosen here, its code updates once per epoch.
func MethodSNFS() Method {
	grow := RigL()
	grow.Name = "momentum" // What GradientMomentum makes of the gradient.
	return Method{
		Name:             "snfs",
		Paper:            "Dettmers and Zettlemoyer, Sparse Networks from Scratch: Faster Training without Losing Performance, 2019, arXiv 1907.04840",
		Code:             "TimDettmers/sparse_learning",
		Drop:             Magnitude(),
		Grow:             grow,
		GradientMomentum: 0.9,
		Redistribute:     &grow,
		DropFraction:     itopAnnealing,
		Updates:          Every{DeltaT: DefaultDeltaT},
		Distribution:     Uniform,
		DenseGradient:    GradientEachStep,
	}
}

// MethodRigL is RigL (Evci et al., ICML 2020): growth by the gradient, ΔT 100, and a drop fraction that falls from 0.3 to 0
// along a cosine over the first three quarters of the run, after which masks stay. Its code updates masks in place of a
// gradient step, and rounds the number of dropped weights down; here updates follow a step, and it is rounded up.
func MethodRigL() Method {
	return Method{
		Name:          "rigl",
		Paper:         "Evci et al., Rigging the Lottery: Making All Tickets Winners, ICML 2020, arXiv 1911.11134",
		Code:          "google-research/rigl",
		Drop:          Magnitude(),
		Grow:          RigL(),
		DropFraction:  Until{Share: 0.75, Schedule: Cosine{First: 0.3}},
		Updates:       Every{DeltaT: 100, EndShare: 0.75},
		Distribution:  ERK,
		DenseGradient: GradientAtUpdates,
	}
}

// MethodITOP is in-time over-parameterization (Liu et al., ICML 2021) with the growth "random_unfired" of its code: of
// weights never active before, at random, see [RandomUnfired]. ΔT 1500 is that of its code's SET recipe.
func MethodITOP() Method {
	return Method{
		Name:         "itop",
		Paper:        "Liu et al., Do We Actually Need Dense Over-Parameterization? In-Time Over-Parameterization in Sparse Training, ICML 2021, arXiv 2102.02887",
		Code:         "Shiweiliuiiiiiii/In-Time-Over-Parameterization",
		Drop:         Magnitude(),
		Grow:         RandomUnfired(),
		DropFraction: itopAnnealing,
		Updates:      Every{DeltaT: 1500},
		Distribution: ERK,
	}
}

// MethodMEST is MEST (Yuan et al., NeurIPS 2021) at a constant density: weights that are small and have a small gradient are
// dropped, see [MagnitudeAndGradient], and others grown at random. λ, ΔT and the drop fraction, which falls to 0 along a line
// where the paper's falls in steps, are chosen here; its soft memory bound, which grows before it drops, is left out.
func MethodMEST() Method {
	return Method{
		Name:         "mest",
		Paper:        "Yuan et al., MEST: Accurate and Fast Memory-Economic Sparse Training Framework on the Edge, NeurIPS 2021, arXiv 2110.14032",
		Code:         "boone891214/MEST",
		Drop:         MagnitudeAndGradient(Constant(DefaultLambda)),
		Grow:         SET(),
		DropFraction: Linear{First: 0.3},
		Updates:      Every{DeltaT: DefaultDeltaT},
	}
}

// MethodGSE is guided stochastic exploration (Heddes et al., 2024): growth by the gradient among a random subset, see
// [SampledGradient], with a drop fraction that falls from 0.2 along a cosine, ΔT 1000, Erdős–Rényi densities at first, and
// layers that compete, all as its code has it. Here growth comes after the drop; its code grows first.
func MethodGSE() Method {
	return Method{
		Name:         "gse",
		Paper:        "Heddes et al., Always-Sparse Training by Growing Connections with Guided Stochastic Exploration, 2024, arXiv 2401.06898",
		Code:         "mikeheddes/guided-stochastic-exploration",
		Drop:         Magnitude(),
		Grow:         SampledGradient(Constant(DefaultSampleFactor)),
		DropFraction: Cosine{First: 0.2},
		Updates:      Every{DeltaT: 1000},
		Distribution: ER,
		DropGlobally: true,
		GrowGlobally: true,
	}
}
