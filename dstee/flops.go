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
