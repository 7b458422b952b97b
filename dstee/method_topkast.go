package dstee

// MethodTopKAST is Top-KAST (Jayakumar et al., NeurIPS 2020): the forward pass runs on the weights of largest magnitude, a
// superset of them is trained, and every ΔT steps both are taken anew from all magnitudes, those in reserve included, see
// [Reserve]. The backward set of twice the density is that of mikeheddes/guided-stochastic-exploration, whose ΔT is 1000;
// ΔT and the decay are chosen here.
func MethodTopKAST() Method {
	return Method{
		Name:         "top-kast",
		Paper:        "Jayakumar et al., Top-KAST: Top-K Always Sparse Training, NeurIPS 2020, arXiv 2106.03517",
		Drop:         Magnitude(),
		Grow:         Magnitude(),
		DropFraction: Constant(1), // The active weights stand again each time.
		Updates:      Every{DeltaT: DefaultDeltaT},
		Initial:      &Initial{Score: Magnitude(), PerLayer: true},
		Reserve:      &Reserve{Decay: 1e-4},
	}
}
