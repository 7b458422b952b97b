package dstee

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// maintenance holds the small compiled graphs that keep a layer's variables in step with its mask.
type maintenance struct {
	maskExec, scaleExec, addExec, splitExec *Exec
}

func newMaintenance(backend compute.Backend) *maintenance {
	return &maintenance{
		maskExec:  newExec(backend, func(x, mask *Node) *Node { return applyMask(mask, x) }),
		scaleExec: newExec(backend, func(x, factor *Node) *Node { return Mul(x, ConvertDType(factor, x.DType())) }),
		addExec:   newExec(backend, Add),
		splitExec: newExec(backend, func(x, mask *Node) (*Node, *Node) {
			return applyMask(mask, x), applyMask(LogicalNot(mask), x)
		}),
	}
}

// count is the number of true entries, Int32.
func count(mask *Node) *Node { return ReduceAllSum(ConvertDType(mask, dtypes.Int32)) }

// mask sets the variable's entries to zero where the mask is false.
func (m *maintenance) mask(v *model.Variable, mask *tensors.Tensor) error {
	value, err := v.Value()
	if err != nil {
		return fmt.Errorf("dstee: reading %q: %w", v.Path(), err)
	}
	masked, err := m.maskExec.Call1(value, mask)
	if err != nil {
		return fmt.Errorf("dstee: masking %q: %w", v.Path(), err)
	}
	if err := v.SetValue(masked); err != nil {
		return fmt.Errorf("dstee: masking %q: %w", v.Path(), err)
	}
	return nil
}
