package dstee

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// This file holds the growth scores of the field.

// Defaults of DST-EE. The code of its first author has ε 1, and c 1e-5 unless its scripts set 1e-2: c lies between.
const (
	DefaultC       = 1e-4
	DefaultEpsilon = 1.0
)

// DSTEE is the growth score of DST-EE in the form of the paper (Huang et al., DAC 2023):
//
//	|∂L/∂W| + c·ln t / (N + ε)
//
// with t the optimizer step and N the visits. The larger c is, the more growth prefers weights seldom active; c 0 is [RigL].
// ε is above 0: weights never active get c·ln t / ε. With an ε of nearly 0 these come first whatever their gradient.
func DSTEE(c, epsilon Schedule) Acquisition {
	return Acquisition{
		Name:   "dst-ee",
		Params: []Param{{"c", c}, {"epsilon", epsilon}},
		Score: func(s *Signals) *Node {
			return Add(Abs(s.Gradient), explorationBonus(s))
		},
	}
}

// DSTEEReference is the growth score as the code of DST-EE's first author computes it (harveyp123/ICCD_SpTrn_SLR,
// Masking.ucb_growth), which adds the bonus to the signed gradient:
//
//	|∂L/∂W + c·ln t / (N + ε)|
//
// It favours weights with a positive gradient; [DSTEE] does not. ε is above 0.
func DSTEEReference(c, epsilon Schedule) Acquisition {
	return Acquisition{
		Name:   "dst-ee-reference",
		Params: []Param{{"c", c}, {"epsilon", epsilon}},
		Score: func(s *Signals) *Node {
			return Abs(Add(s.Gradient, explorationBonus(s)))
		},
	}
}

// explorationBonus is c·ln t / (N + ε).
func explorationBonus(s *Signals) *Node {
	return Div(Mul(s.Param("c"), s.LogStep), Add(s.VisitCount(), s.Param("epsilon")))
}

// RigL grows where the gradient is largest (Evci et al., ICML 2020, arXiv 1911.11134): |∂L/∂W|.
func RigL() Acquisition {
	return Acquisition{Name: "rigl", Score: func(s *Signals) *Node { return Abs(s.Gradient) }}
}

// SET grows at random, each inactive weight being as likely (Mocanu et al., 2018, arXiv 1707.04780).
func SET() Acquisition {
	return Acquisition{Name: "set", Score: (*Signals).Random}
}

// RandomUnfired grows weights that were never active, at random, and only when there are none left others: the growth
// "random_unfired" of ITOP's code (Liu et al., ICML 2021, arXiv 2102.02887, Shiweiliuiiiiiii/In-Time-Over-Parameterization),
// exploration and nothing else.
func RandomUnfired() Acquisition {
	return Acquisition{Name: "random-unfired", Score: func(s *Signals) *Node {
		random := s.Random()
		return Where(Equal(s.Visits, ZerosLike(s.Visits)), AddScalar(random, 1), random)
	}}
}

// DefaultSampleFactor is the factor of [SampledGradient], that of its code: as many candidates as there are active weights.
const DefaultSampleFactor = 1.0

// SampledGradient grows where the gradient is largest among a random subset of the inactive weights: guided stochastic
// exploration (Heddes et al., arXiv 2401.06898, mikeheddes/guided-stochastic-exploration), with uniform sampling. The
// subset has, in expectation, factor times as many weights as are active; should growth need more than it has, the rest is
// chosen at random.
func SampledGradient(factor Schedule) Acquisition {
	return Acquisition{
		Name:   "sampled-gradient",
		Params: []Param{{"factor", factor}},
		Score: func(s *Signals) *Node {
			active := ConvertDType(count(s.Mask), dtypes.Float32)
			inactive := Sub(Const(s.Weight.Graph(), float32(s.Weight.Shape().Size())), active)
			share := s.Rounded(Div(s.Rounded(Mul(s.Param("factor"), active)), inactive)) // Without inactive weights any will do.
			sampled := LessThan(s.Random(), share)
			return Where(sampled, Abs(s.Gradient), AddScalar(s.Random(), -1))
		},
	}
}

// gradientMoments remember, of each weight, the mean of |∂L/∂W| and of its square over all mask updates so far.
var gradientMoments = []Memory{
	{Name: "mean", Update: func(s *Signals) *Node { return runningMean(s, "mean", Abs(s.Gradient)) }},
	{Name: "square", Update: func(s *Signals) *Node { return runningMean(s, "square", s.Rounded(Mul(s.Gradient, s.Gradient))) }},
}

// runningMean is the memory's mean with x as one more value.
func runningMean(s *Signals, memory string, x *Node) *Node {
	mean := s.Memory(memory)
	return Add(mean, s.Rounded(Div(Sub(x, mean), s.Round)))
}

// gradientVariance is the variance of |∂L/∂W| that gradientMoments remember, over the visits: what is uncertain about a
// weight that was tried N times.
func gradientVariance(s *Signals) *Node {
	mean := s.Memory("mean")
	variance := Sub(s.Memory("square"), s.Rounded(Mul(mean, mean)))
	variance = s.Rounded(Where(GreaterThan(variance, ZerosLike(variance)), variance, ZerosLike(variance)))
	return s.Rounded(Div(variance, Add(s.VisitCount(), s.Param("epsilon"))))
}

// DefaultBeta is the β of [GradientUCB], chosen here: one standard deviation.
const DefaultBeta = 1.0

// GradientUCB grows by an upper confidence bound that knows how much gradients vary:
//
//	mean|∂L/∂W| + β·√(var|∂L/∂W| · ln t / (N + ε))
//
// with mean and variance over the mask updates so far. It is the leading term of UCB-V (Audibert, Munos and Szepesvári,
// Theoretical Computer Science 410, 2009), with visits as pulls: where [DSTEE] gives all weights tried N times the same
// bonus, this one gives it to those whose gradient is uncertain. A prototype of this project, not of a paper.
func GradientUCB(beta, epsilon Schedule) Acquisition {
	return Acquisition{
		Name:   "gradient-ucb",
		Params: []Param{{"beta", beta}, {"epsilon", epsilon}},
		Memory: gradientMoments,
		Score: func(s *Signals) *Node {
			spread := s.Rounded(Sqrt(s.Rounded(Mul(gradientVariance(s), s.LogStep))))
			return Add(s.Memory("mean"), s.Rounded(Mul(s.Param("beta"), spread)))
		},
	}
}

// Thompson grows by a sample of what the gradient may be (Thompson sampling; Russo et al., A Tutorial on Thompson Sampling,
// 2018): drawn from a normal distribution
//
//	mean|∂L/∂W| + √(var|∂L/∂W| / (N + ε)) · z
//
// with mean and variance over the mask updates so far: the fewer visits, the wider, so that exploration fades by itself
// and has no coefficient. A prototype of this project, not of a paper.
func Thompson(epsilon Schedule) Acquisition {
	return Acquisition{
		Name:   "thompson",
		Params: []Param{{"epsilon", epsilon}},
		Memory: gradientMoments,
		Score: func(s *Signals) *Node {
			spread := s.Rounded(Sqrt(gradientVariance(s)))
			return Add(s.Memory("mean"), s.Rounded(Mul(spread, s.Normal())))
		},
	}
}
