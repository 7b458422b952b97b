package layers

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// ParamWeightsDType is the GoMLX hyperparameter that names the dtype in which [Dense], [Conv], [BatchNorm] and their sparse
// twins keep their variables, such as "Float32", whatever the dtype of their input, in which they compute. It makes
// training of mixed precision: computation in bfloat16, weights, masks, gradients and optimizer in float32. String,
// default "", the dtype of the input.
const ParamWeightsDType = "weights_dtype"

// weightsDType returns the dtype of a layer's variables.
func weightsDType(scope *model.Scope, x *graph.Node) dtypes.DType {
	name := model.GetParamOr(scope, ParamWeightsDType, "")
	if name == "" {
		return x.DType()
	}
	dtype, err := dtypes.DTypeString(name)
	if err != nil || !dtype.IsFloat() {
		exceptions.Panicf("the hyperparameter %q of scope %q must name a float dtype such as %q, got %q", ParamWeightsDType, scope.Scope(),
			dtypes.Float32, name)
	}
	return dtype
}
