package dstee

// This file holds two methods that nobody has published: worked examples of a prototype. A growth score, a name, and
// defaults taken from DST-EE are all that it takes.

// MethodUCB is DST-EE with a bonus that knows how much each weight's gradient varies, see [GradientUCB].
func MethodUCB() Method {
	m := MethodDSTEE()
	m.Name = "ucb"
	m.Paper = "A prototype: DST-EE with the bonus of UCB-V (Audibert, Munos and Szepesvári, 2009)"
	m.Code = ""
	m.Grow = GradientUCB(Constant(DefaultBeta), Constant(DefaultEpsilon))
	return m
}

// MethodThompson is DST-EE with Thompson sampling in place of the bonus, see [Thompson].
func MethodThompson() Method {
	m := MethodDSTEE()
	m.Name = "thompson"
	m.Paper = "A prototype: DST-EE with Thompson sampling (Russo et al., 2018)"
	m.Code = ""
	m.Grow = Thompson(Constant(DefaultEpsilon))
	return m
}
