package optimizers

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/pkg/errors"
)

// Scheduled returns an optimizer that sets the learning rate of base from schedule at each step and else is base:
// before base builds its update, the variable /optimizers/learning_rate, where GoMLX optimizers read their rate, takes
// the schedule's value at the global step. It implements train.OptimizeWithGradients if base does. After a step
// the variable holds the rate that the step used.
//
// The step is that of the optimizer (/global_step): with train.Trainer.AccumulateGradients it counts updates of the
// weights, not batches. Checkpoints hold it, so a resumed run continues the schedule where it was.
//
// The variable must have the dtype that base computes with: that of the loss, float32 for [SGD] with a loss of 16
// bits, or the hyperparameter [optimizer.ParamAdamDType] if it is set. Set that one, and build Adam with FromScope,
// instead of calling Adam's own DType. GoMLX's StochasticGradientDescent divides the rate by √step on top, unless built
// WithDecay(false).
//
// A schedule that does not validate makes UpdateGraph panic, so that the first training step returns the error.
func Scheduled(base optimizer.Interface, schedule Schedule) optimizer.Interface {
	o := scheduled{Interface: base, schedule: schedule}
	if withGradients, ok := base.(train.OptimizeWithGradients); ok {
		return &scheduledWithGradients{scheduled: o, base: withGradients}
	}
	return &o
}

// scheduled implements optimizer.Interface; Clear is that of the base.
type scheduled struct {
	optimizer.Interface
	schedule Schedule
}

// UpdateGraph implements optimizer.Interface.
func (o *scheduled) UpdateGraph(scope *model.Scope, g *graph.Graph, loss *graph.Node) {
	o.setLearningRate(scope, g, loss.DType())
	o.Interface.UpdateGraph(scope, g, loss)
}

func (o *scheduled) setLearningRate(scope *model.Scope, g *graph.Graph, lossDType dtypes.DType) {
	if o.schedule == nil {
		panic(errors.New("Scheduled: the schedule is nil"))
	}
	if err := o.schedule.Validate(); err != nil {
		panic(errors.WithMessage(err, "learning-rate schedule"))
	}
	step := optimizer.GetGlobalStepVar(scope).NodeValue(g)
	dtype := o.learningRateDType(scope, lossDType)
	learningRateVar(scope, dtype, o.schedule.At(0)).SetNodeValue(graph.ConvertDType(o.schedule.Graph(step), dtype))
}

// learningRateDType returns the dtype in which the base asks for the learning rate.
func (o *scheduled) learningRateDType(scope *model.Scope, lossDType dtypes.DType) dtypes.DType {
	switch o.Interface.(type) {
	case *sgd:
		return atLeastFloat32(lossDType)
	case *optimizer.SGDConfig:
		return lossDType
	}
	name := model.GetParamOr(scope, optimizer.ParamAdamDType, "")
	if name == "" {
		return lossDType
	}
	dtype, err := dtypes.DTypeString(name)
	if err != nil || !dtype.IsFloat() {
		exceptions.Panicf("hyperparameter %s is %q, which is not a float dtype such as %q",
			optimizer.ParamAdamDType, name, dtypes.Float32)
	}
	return dtype
}

// learningRateVar returns the scalar variable that GoMLX optimizers read their learning rate from. One that exists
// keeps its dtype and value.
func learningRateVar(scope *model.Scope, dtype dtypes.DType, initial float64) *model.Variable {
	path := model.JoinPath(scope.Scope(), optimizer.Scope, optimizer.ParamLearningRate)
	if v := scope.Store().GetVariable(path); v != nil {
		return v.SetTrainable(false)
	}
	return optimizer.LearningRateVar(scope, dtype, initial)
}

// scheduledWithGradients adds train.OptimizeWithGradients to scheduled.
type scheduledWithGradients struct {
	scheduled
	base train.OptimizeWithGradients
}

// UpdateGraphWithGradients implements train.OptimizeWithGradients.
func (o *scheduledWithGradients) UpdateGraphWithGradients(
	scope *model.Scope, grads []*graph.Node, lossDType dtypes.DType) {
	if len(grads) > 0 {
		o.setLearningRate(scope, grads[0].Graph(), lossDType)
	}
	o.base.UpdateGraphWithGradients(scope, grads, lossDType)
}
