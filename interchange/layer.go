package interchange

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sparsekernel/sparsekernel/dstee"
)

const (
	maskSuffix   = "/mask"
	visitsSuffix = "/visits"
)

// layer is a sparse weight of a store, with what dstee keeps beside it.
type layer struct {
	weight, mask *model.Variable
	visits       *model.Variable // Nil if there are none.
	active       int
}

func (l *layer) path() string { return l.weight.Path() }

// layersOf returns the store's sparse weights in the order of their paths. It checks that weights are zero where their
// mask is false, that visits are there where it is true, and that shapes and dtypes agree.
func layersOf(store *model.Store) ([]*layer, error) {
	var layers []*layer
	for mask := range store.IterVariables() {
		path, isMask := strings.CutSuffix(mask.Path(), maskSuffix)
		path, ofLayer := strings.CutPrefix(path, dstee.Scope+"/")
		if !isMask || !ofLayer {
			continue
		}
		path = "/" + path
		l := &layer{weight: store.GetVariable(path), mask: mask, visits: store.GetVariable(dstee.Scope + path + visitsSuffix)}
		if l.weight == nil {
			return nil, fmt.Errorf("there is a mask %q, but no weight %q", mask.Path(), path)
		}
		if err := l.check(); err != nil {
			return nil, fmt.Errorf("weight %q: %w", path, err)
		}
		layers = append(layers, l)
	}
	slices.SortFunc(layers, func(a, b *layer) int { return cmp.Compare(a.path(), b.path()) })
	return layers, nil
}

func (l *layer) check() error {
	dims := l.weight.Shape().Dimensions
	if !l.weight.DType().IsFloat() {
		return fmt.Errorf("sparse weights are floats, these are %s", l.weight.DType())
	}
	if got := l.mask.Shape(); got.DType != dtypes.Bool || !slices.Equal(got.Dimensions, dims) {
		return fmt.Errorf("the mask of weights of shape %v must be Bool of the same shape, it is %s", dims, got)
	}
	if l.visits != nil {
		if got := l.visits.Shape(); got.DType != dtypes.Int32 || !slices.Equal(got.Dimensions, dims) {
			return fmt.Errorf("the visits of weights of shape %v must be Int32 of the same shape, they are %s", dims, got)
		}
	}
	return l.values(func(weights []byte, mask []bool) error {
		width := l.weight.DType().Size()
		for i, active := range mask {
			if active {
				l.active++
				continue
			}
			if !allZero(weights[i*width : (i+1)*width]) {
				return fmt.Errorf("the weight at flat index %d is not zero, but its mask is false", i)
			}
		}
		if l.visits == nil {
			return nil
		}
		return l.visitCounts(func(visits []int32) error {
			for i, n := range visits {
				if n < 0 || (n == 0 && mask[i]) {
					return fmt.Errorf("the visits at flat index %d are %d: they count the topologies in which the weight was "+
						"active, the present one included", i, n)
				}
			}
			return nil
		})
	})
}

// values lends fn the weights and the mask.
func (l *layer) values(fn func(weights []byte, mask []bool) error) error {
	weight, err := l.weight.Value()
	if err != nil {
		return err
	}
	mask, err := l.mask.Value()
	if err != nil {
		return err
	}
	if weight.Size() == 0 {
		return errors.New("there are no values")
	}
	var inner error
	err = tensors.ConstFlatData(mask, func(mask []bool) {
		err := weight.ConstBytes(func(weights []byte) { inner = fn(weights, mask) })
		if inner == nil {
			inner = err
		}
	})
	return cmp.Or(err, inner)
}

// visitCounts lends fn the visits.
func (l *layer) visitCounts(fn func(visits []int32) error) error {
	value, err := l.visits.Value()
	if err != nil {
		return err
	}
	var inner error
	err = tensors.ConstFlatData(value, func(visits []int32) { inner = fn(visits) })
	return cmp.Or(err, inner)
}

func allZero(data []byte) bool {
	for _, b := range data {
		if b != 0 {
			return false
		}
	}
	return true
}
