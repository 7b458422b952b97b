package trace

import "fmt"

// Fans counts the active weights of a layer by input and by output: in[j] is how many inputs reach output j, out[i] how
// many outputs input i reaches. The mask is flat and row-major, of the given shape, whose last two axes are the inputs and
// the outputs, as those of GoMLX's dense and convolution kernels are; for a kernel of more axes, all its places count.
// A shape of one axis has one input.
func Fans(mask []bool, shape []int) (in, out []int, err error) {
	size, err := sizeOf(shape)
	if err != nil {
		return nil, nil, fmt.Errorf("trace: %w", err)
	}
	if size != len(mask) || len(shape) == 0 {
		return nil, nil, fmt.Errorf("trace: a mask of %d weights does not have the shape %v", len(mask), shape)
	}
	outputs, inputs := shape[len(shape)-1], 1
	if len(shape) > 1 {
		inputs = shape[len(shape)-2]
	}
	in, out = make([]int, outputs), make([]int, inputs)
	for i, active := range mask {
		if active {
			in[i%outputs]++
			out[i/outputs%inputs]++
		}
	}
	return in, out, nil
}

// Similarity is the Jaccard index of two masks of the same length: the share of the weights active in either that are
// active in both. That of two masks without active weights is 1.
func Similarity(a, b []bool) float64 {
	both, either := 0, 0
	for i := range a {
		if a[i] && b[i] {
			both++
		}
		if a[i] || b[i] {
			either++
		}
	}
	if either == 0 {
		return 1
	}
	return float64(both) / float64(either)
}
