// Package whatif asks what a mask update would have grown by another acquisition, without training.
//
// A [Round] is what one mask update of a run saw: the weights, gradients, masks and visits of each layer before it, and how
// many weights it was to drop and grow. [Round.Compare] lets several acquisitions choose from the same candidates, and
// tells how far their choices overlap, how alike they rank the candidates, and how much each one explores.
// [Round.Curve] lets DST-EE choose with a growing coefficient c: from RigL's choice to that of the least visited.
//
//	round, err := whatif.Read("round.safetensors")
//	report, err := round.Compare(backend, dstee.RigL(), dstee.MustFormula("abs(g)/(n+1)"))
//	report.WriteText(os.Stdout)
package whatif
