package dstee

// This file holds the methods that start dense, or denser than they end.

// MethodGMP is gradual magnitude pruning (Zhu and Gupta, 2017): from a dense network, all layers alike, weights are pruned
// along a cubic schedule, and none come back. That pruning ends at three quarters of the run, and ΔT, are chosen here.
func MethodGMP() Method {
	return Method{
		Name:         "gmp",
		Paper:        "Zhu and Gupta, To prune, or not to prune: exploring the efficacy of pruning for model compression, 2017, arXiv 1710.01878",
		Drop:         Magnitude(),
		Grow:         Magnitude(), // Grows nothing: its layers never gain weights.
		DropFraction: Constant(0),
		Density: func(final float64) Schedule {
			return Until{Share: 0.75, Schedule: Polynomial{First: 1, Last: final, Power: 3}}
		},
		Updates:       Every{DeltaT: DefaultDeltaT},
		Distribution:  Uniform,
		DenseGradient: GradientEachStep,
	}
}

// MethodGraNet is gradual pruning with regrowth (GraNet: Liu et al., NeurIPS 2021): from density 0.5, shared out by ERK,
// weights are pruned along a cubic schedule by their magnitude compared across layers, and at each update a share of the
// rest is dropped and regrown by the gradient. Here one drop does both, and layers grow what they lack of their ERK share.
// That pruning ends at half of the run, and ΔT, are chosen here.
func MethodGraNet() Method {
	return Method{
		Name:         "granet",
		Paper:        "Liu et al., Sparse Training via Boosting Pruning Plasticity with Neuroregeneration, NeurIPS 2021, arXiv 2106.10404",
		Code:         "VITA-Group/GraNet",
		Drop:         Magnitude(),
		Grow:         RigL(),
		DropFraction: itopAnnealing,
		Density: func(final float64) Schedule {
			return Until{Share: 0.5, Schedule: Polynomial{First: max(0.5, final), Last: final, Power: 3}}
		},
		Updates:       Every{DeltaT: DefaultDeltaT},
		Distribution:  ERK,
		DropGlobally:  true,
		DenseGradient: GradientAtUpdates,
	}
}
