package dstee

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Distribution shares a global density out among layers: from the shapes of their weights, of rank 2 or more, to a density
// for each, in [0, 1], whose mean weighted by the layers' sizes is the given density.
//
// Any function will do; [Uniform], [ER] and [ERK] are the usual ones.
type Distribution func(shapes [][]int, density float64) []float64

// Distributions are the distributions that have a name, for command lines and hyperparameters.
var Distributions = map[string]Distribution{
	"uniform": Uniform,
	"er":      ER,
	"erk":     ERK,
}

var errNoDistribution = errors.New("dstee: the distribution is nil: use Uniform, ER, ERK, or a function of your own")

// Uniform gives all layers the same density.
func Uniform(shapes [][]int, density float64) []float64 {
	densities := make([]float64, len(shapes))
	for i := range densities {
		densities[i] = density
	}
	return densities
}

// ER is the Erdős–Rényi distribution of SET (Mocanu et al., 2018, arXiv 1707.04780): a layer of n inputs and m outputs
// gets a density in proportion to (n+m)/(n·m); the spatial axes of convolution kernels do not count. The inputs and
// outputs are the last two axes, as in GoMLX's channels-last layers.
//
// Layers whose share would exceed 1 become dense, and the rest is shared out again.
func ER(shapes [][]int, density float64) []float64 {
	return erdosRenyi(shapes, density, func(shape []int) float64 {
		in, out := float64(shape[len(shape)-2]), float64(shape[len(shape)-1])
		return (in + out) / (in * out)
	})
}

// ERK is the Erdős–Rényi-Kernel distribution of RigL (Evci et al., ICML 2020, arXiv 1911.11134), the default of DST-EE:
// a layer's density is in proportion to the sum of all its dimensions divided by their product.
//
// Layers whose share would exceed 1 become dense, and the rest is shared out again.
func ERK(shapes [][]int, density float64) []float64 {
	return erdosRenyi(shapes, density, func(shape []int) float64 {
		sum, product := 0.0, 1.0
		for _, dim := range shape {
			sum += float64(dim)
			product *= float64(dim)
		}
		return sum / product
	})
}

// erdosRenyi scales the layers' raw shares so that the global density holds. The layers of largest share become dense
// until no share exceeds 1 (google-research/rigl, sparse_utils.get_mask_random).
func erdosRenyi(shapes [][]int, density float64, share func(shape []int) float64) []float64 {
	raw := make([]float64, len(shapes))
	for i, shape := range shapes {
		raw[i] = share(shape)
	}
	dense := make([]bool, len(shapes))
	for {
		var active, weighted, largest float64
		for i, shape := range shapes {
			n := float64(size(shape))
			if dense[i] {
				active -= (1 - density) * n
				continue
			}
			active += density * n
			weighted += raw[i] * n
			largest = math.Max(largest, raw[i])
		}
		scale := 0.0
		if weighted > 0 {
			scale = active / weighted
		}
		if scale*largest <= 1 {
			densities := make([]float64, len(shapes))
			for i := range densities {
				densities[i] = 1
				if !dense[i] {
					densities[i] = math.Max(0, scale*raw[i])
				}
			}
			return densities
		}
		for i := range dense {
			dense[i] = dense[i] || raw[i] == largest
		}
	}
}

// Allocate returns how many weights of each layer are active when the distribution shares out the density: the total
// is exactly round(density · number of weights), and each layer is within one weight of its share, unless a layer's
// share would leave it with none: every layer keeps at least one, so that none is dead.
//
// It is an error if the distribution returns anything but one density in [0, 1] per layer, or densities that miss the
// global density by more than the rounding, if there are more layers than active weights, or if a shape has a rank below 2
// or no weights.
func Allocate(distribution Distribution, shapes [][]int, density float64) ([]int, error) {
	if distribution == nil {
		return nil, errNoDistribution
	}
	if !(density > 0 && density <= 1) {
		return nil, fmt.Errorf("dstee: density must be in (0, 1], got %g", density)
	}
	for _, shape := range shapes {
		if len(shape) < 2 || slices.Min(shape) < 1 {
			return nil, fmt.Errorf("dstee: weights of shape %v cannot be sparse: they must have rank 2 or more, and no axis may be empty", shape)
		}
	}
	densities := distribution(shapes, density)
	if len(densities) != len(shapes) {
		return nil, fmt.Errorf("dstee: the distribution returned %d densities for %d layers", len(densities), len(shapes))
	}
	counts := make([]int, len(shapes))
	remainders := make([]float64, len(shapes))
	total, allocated := 0, 0
	shares := 0.0
	for i, shape := range shapes {
		d := densities[i]
		// Shares like 1+2^-52 come from the rounding of the distribution's arithmetic.
		if !(d >= 0 && d <= 1+1e-9) {
			return nil, fmt.Errorf("dstee: the distribution returned density %g for the layer of shape %v: it must be in [0, 1]", d, shape)
		}
		n := size(shape)
		share := math.Min(d, 1) * float64(n)
		counts[i] = max(1, int(math.Floor(share)))
		remainders[i] = share - float64(counts[i])
		total += n
		allocated += counts[i]
		shares += share
	}
	target := int(math.Round(density * float64(total)))
	if target < len(shapes) {
		lowest := float64(len(shapes)) / float64(total)
		return nil, fmt.Errorf("dstee: density %.4g leaves %d active weights (of %d) for %d layers: the lowest density that leaves "+
			"one for each is %.4g, a sparsity of %.9g", density, target, total, len(shapes), lowest, 1-lowest)
	}
	if math.Abs(shares-float64(target)) > float64(len(shapes)) {
		return nil, fmt.Errorf("dstee: the distribution's densities leave %.1f active weights, but density %g of %d weights is %d",
			shares, density, total, target)
	}
	// The weights that flooring left over go to the layers with the largest remainders; those that the floor of one
	// weight per layer took in excess come from the layers with the smallest. Ties go to the first layer.
	order := make([]int, len(shapes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case remainders[a] > remainders[b]:
			return -1
		case remainders[a] < remainders[b]:
			return 1
		}
		return 0
	})
	for allocated != target {
		before := allocated
		for _, i := range order {
			if allocated < target && counts[i] < size(shapes[i]) {
				counts[i]++
				allocated++
			}
		}
		for _, i := range slices.Backward(order) {
			if allocated > target && counts[i] > 1 {
				counts[i]--
				allocated--
			}
		}
		if allocated == before {
			break // Unreachable: 1 ≤ target/len and target ≤ total leave room in some layer.
		}
	}
	return counts, nil
}

// size is the number of weights of the given shape.
func size(shape []int) int {
	n := 1
	for _, dim := range shape {
		n *= dim
	}
	return n
}
