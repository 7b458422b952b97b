package dstee

import (
	"fmt"
	"slices"
	"strings"
)

// Method is a method of the field as a value: everything that distinguishes it from others. [Sparsifier.Method] applies it;
// the zero value of a field leaves what the Sparsifier has.
//
// The presets, [MethodDSTEE] and the others, have the defaults of their papers or of their papers' code. One of your own is
// a value of the same type:
//
//	mine := dstee.Method{Name: "mine", Grow: dstee.RigL().Noise(dstee.Constant(1e-3)), Updates: dstee.Every{DeltaT: 50}}
//	sparse := dstee.New(0.05).Method(mine)
type Method struct {
	Name  string // For command lines, hyperparameters and reports.
	Paper string // Who proposed it, and where.
	Code  string // The repository with the paper's code, if there is one.

	Drop, Grow   Acquisition
	DropFraction Schedule // See [Sparsifier.DropFraction].
	Updates      UpdateSteps
	Distribution Distribution
	Structure    Structure // Of all layers that have none of their own.
	Static       bool      // Masks never move.

	// Density returns the schedule of the density, given the one to end with. Nil keeps that one throughout.
	Density func(final float64) Schedule

	DropGlobally, GrowGlobally bool         // See [Sparsifier.DropGlobally].
	Redistribute               *Acquisition // See [Sparsifier.Redistribute]; nil is not at all.

	GradientBatches  int         // See [Sparsifier.GradientBatches].
	GradientMomentum float64     // See [Sparsifier.GradientMomentum].
	Initial          *Initial    // How the first masks are chosen; nil is at random.
	Reserve          *Reserve    // What becomes of inactive weights; nil is zero.
	DenseGradient    GradientUse // For counting operations, see [Method.TrainingFLOPs].
}

// Method trains by the given method. What it leaves open stays as it was; single settings can be overridden by the options
// that follow. A layer's own hyperparameters ([ParamGrow], [ParamDrop], [ParamC], …) come before the method's.
func (s *Sparsifier) Method(m Method) *Sparsifier {
	if m.Drop.Score != nil || m.Drop.err != nil {
		s.drop = m.Drop
	}
	if m.Grow.Score != nil || m.Grow.err != nil {
		s.grow = m.Grow
	}
	if m.DropFraction != nil {
		s.DropFraction(m.DropFraction)
	}
	if m.Updates != nil {
		s.Updates(m.Updates)
	}
	if m.Distribution != nil {
		s.Distribution(m.Distribution)
	}
	if m.Density != nil {
		s.Density(m.Density(s.final))
	}
	if m.Structure != Unstructured() {
		if err := m.Structure.check(); err != nil {
			s.fail(err)
		}
		s.structure = m.Structure
	}
	if m.DropGlobally {
		s.DropGlobally()
	}
	if m.GrowGlobally {
		s.GrowGlobally()
	}
	if m.Redistribute != nil {
		s.Redistribute(*m.Redistribute)
	}
	if m.GradientBatches != 0 {
		s.GradientBatches(m.GradientBatches)
	}
	if m.GradientMomentum != 0 {
		s.GradientMomentum(m.GradientMomentum)
	}
	if m.Initial != nil {
		s.Initial(*m.Initial)
	}
	if m.Reserve != nil {
		s.Reserve(*m.Reserve)
	}
	if m.Static {
		s.Static()
	}
	return s
}

// Regrows tells whether each update drops a share of the active weights and grows others, so that the drop fraction is a
// setting of the method; for others it is 0 or 1 by definition.
func (m Method) Regrows() bool {
	return !m.Static && m.DropFraction != Constant(0) && m.DropFraction != Constant(1)
}

// Methods returns the presets, in the order of their history within each family.
func Methods() []Method {
	return []Method{
		MethodDSTEE(), MethodDSTEEReference(),
		MethodSET(), MethodSNFS(), MethodRigL(), MethodITOP(), MethodMEST(), MethodGSE(), MethodTopKAST(),
		MethodGMP(), MethodGraNet(),
		MethodStatic(), MethodSNIP(), MethodGraSP(), MethodSynFlow(),
		MethodUCB(), MethodThompson(),
	}
}

// MethodByName returns the preset of the given name, such as "rigl".
func MethodByName(name string) (Method, error) {
	var known []string
	for _, m := range Methods() {
		if m.Name == name {
			return m, nil
		}
		known = append(known, m.Name)
	}
	slices.Sort(known)
	return Method{}, fmt.Errorf("dstee: unknown method %q, the known ones are %s", name, strings.Join(known, ", "))
}
