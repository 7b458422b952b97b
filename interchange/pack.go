package interchange

import (
	"fmt"
	"io"

	"github.com/sparsekernel/sparsekernel/interchange/safetensors"
)

// Suffixes of the tensors by which the sparse form holds a weight. All but the values are U8: packed numbers.
const (
	valuesSuffix     = ".values"      // The active values, row-major, in the weight's dtype.
	gapsSuffix       = ".gaps"        // Of the active weights' flat indices.
	packedVisits     = ".visits"      // Of the active weights.
	pastGapsSuffix   = ".past_gaps"   // Of the weights active only before: of their places among the inactive ones.
	pastVisitsSuffix = ".past_visits" // Their visits.
)

// packAll returns the tensors of the sparse form of the layers, and the shapes of their weights by path.
func packAll(layers []*layer) (list []safetensors.Tensor, shapes map[string][]int, err error) {
	shapes = map[string][]int{}
	size := 0
	for _, l := range layers {
		if size += l.weight.Shape().Size(); size > maxWeights {
			return nil, nil, fmt.Errorf("the sparse form holds up to %d sparse weights, there are more: use the dense form", maxWeights)
		}
		packed, err := l.pack()
		if err != nil {
			return nil, nil, fmt.Errorf("weight %q: %w", l.path(), err)
		}
		list = append(list, packed...)
		shapes[l.path()] = l.weight.Shape().Dimensions
	}
	return list, shapes, nil
}

// pack returns the tensors of the sparse form of a layer.
func (l *layer) pack() (list []safetensors.Tensor, err error) {
	dtype, err := safetensors.FromGoMLX(l.weight.DType())
	if err != nil {
		return nil, err
	}
	list = append(list, safetensors.Tensor{
		Info:      safetensors.Info{Name: l.path() + valuesSuffix, DType: dtype, Shape: []int{l.active}},
		WriteData: l.writeActive,
	})
	add := func(suffix string, numbers []uint64) {
		data := packNumbers(numbers)
		list = append(list, safetensors.Bytes(l.path()+suffix, safetensors.Uint8, []int{len(data)}, data))
	}
	return list, l.values(func(_ []byte, mask []bool) error {
		var indices []uint64
		for i, active := range mask {
			if active {
				indices = append(indices, uint64(i))
			}
		}
		add(gapsSuffix, toGaps(indices))
		if l.visits == nil {
			return nil
		}
		return l.visitCounts(func(visits []int32) error {
			var now, places, past []uint64
			inactive := uint64(0)
			for i, n := range visits {
				if mask[i] {
					now = append(now, uint64(n))
					continue
				}
				if n > 0 {
					places, past = append(places, inactive), append(past, uint64(n))
				}
				inactive++
			}
			add(packedVisits, now)
			add(pastGapsSuffix, toGaps(places))
			add(pastVisitsSuffix, past)
			return nil
		})
	})
}

// writeActive writes the active weights, row-major.
func (l *layer) writeActive(w io.Writer) error {
	return l.values(func(weights []byte, mask []bool) error {
		width := l.weight.DType().Size()
		values := make([]byte, 0, l.active*width)
		for i, active := range mask {
			if active {
				values = append(values, weights[i*width:(i+1)*width]...)
			}
		}
		_, err := w.Write(values)
		return err
	})
}
