package dstee

// TrainingFLOPs returns the floating-point operations of training relative to those of dense training, by the count of
// RigL (Evci et al., ICML 2020, appendix "Details of how FLOPs are calculated"), for a forward pass of sparse operations
// where the dense network takes dense:
//
//   - masks that move by the gradient every deltaT steps: (3·sparse·ΔT + 2·sparse + dense) / (ΔT + 1) per step, since an
//     update needs the gradient of all weights;
//   - masks that do not move, or move without a gradient (deltaT 0): 3·sparse per step;
//   - dense training: 3·dense per step.
//
// It counts what hardware with sparse arithmetic would do. XLA and GoMLX's Go backend compute with dense matrices that
// hold zeros, in the time of dense training.
func TrainingFLOPs(sparse, dense float64, deltaT int) float64 {
	if deltaT == 0 {
		return sparse / dense
	}
	interval := float64(deltaT)
	return (3*sparse*interval + 2*sparse + dense) / (interval + 1) / (3 * dense)
}

// GradientUse says when a method needs the gradient of weights that are inactive, which decides what it costs.
type GradientUse int

const (
	GradientNever     GradientUse = iota // Or of no more weights than are active.
	GradientAtUpdates                    // At mask updates.
	GradientEachStep                     // At each step, for a momentum of all weights or for masks of dense training.
)

// TrainingFLOPs is as the function [TrainingFLOPs], for what the method needs:
//
//   - the gradient of inactive weights never, or at updates: as there;
//   - at each step: 2·sparse + dense, as varun19299/rigl-reproducibility counts SNFS and pruning;
//   - with a [Reserve]: 2·sparse and once more the operations of the backward set, taken to be in proportion to its density.
//
// sparse is the mean over the run's steps, see [Method.MeanDensity]. What scores before training cost is left out.
func (m Method) TrainingFLOPs(sparse, dense float64, deltaT int) float64 {
	switch {
	case m.Reserve != nil:
		return (2*sparse + dense*m.Reserve.backward(sparse/dense)) / (3 * dense)
	case m.DenseGradient == GradientEachStep:
		return (2*sparse + dense) / (3 * dense)
	case m.DenseGradient == GradientNever || m.Static:
		return TrainingFLOPs(sparse, dense, 0)
	}
	return TrainingFLOPs(sparse, dense, deltaT)
}

// MeanDensity is the mean of the density over a run of the given number of steps that ends with the given one.
func (m Method) MeanDensity(final float64, steps int) float64 {
	if m.Density == nil || steps < 1 {
		return final
	}
	density, sum := m.Density(final).Over(steps), 0.0
	for step := range steps {
		sum += density.At(step)
	}
	return sum / float64(steps)
}
