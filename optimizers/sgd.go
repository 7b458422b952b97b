package optimizers

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/pkg/errors"
)

const (
	// SGDScope is the scope, under the root, of the momentum buffers of [SGD]. The buffer of the weight /a/b is
	// /SGD/a/b_momentum.
	SGDScope = "SGD"

	// ParamMomentum is the hyperparameter read by [SGDConfig.FromScope] for [SGDConfig.Momentum]: a float64 in
	// [0, 1), by default 0.
	ParamMomentum = "sgd_momentum"

	// ParamNesterov is the hyperparameter read by [SGDConfig.FromScope] for [SGDConfig.Nesterov]: a bool, by default
	// false.
	ParamNesterov = "sgd_nesterov"

	// ParamWeightDecay is the hyperparameter read by [SGDConfig.FromScope] for [SGDConfig.WeightDecay]: a float64
	// that is not negative, by default 0.
	ParamWeightDecay = "sgd_weight_decay"
)

// SGDConfig configures stochastic gradient descent. Create it with [SGD], end with [SGDConfig.Done].
type SGDConfig struct {
	learningRate    float64
	learningRateSet bool
	momentum        float64
	nesterov        bool
	weightDecay     float64
	decayed         func(v *model.Variable) bool
	schedule        Schedule
}

// SGD starts the configuration of stochastic gradient descent with momentum and weight decay. Each step changes each
// trainable weight w, whose gradient is g, as torch.optim.SGD does (PyTorch 2 documentation, dampening 0):
//
//	g = g + weightDecay·w              // decayed weights only
//	m = momentum·m + g                 // m starts at 0
//	g = g + momentum·m                 // with Nesterov, else g = m
//	w = w - learningRate·g
//
// Without options it is plain gradient descent at GoMLX's default learning rate: the hyperparameter
// [optimizer.ParamLearningRate], or 0.1 without it. Other than GoMLX's own SGD it does not decay the learning rate.
//
// The momentum m of the weight /a/b is the variable /SGD/a/b_momentum of the weight's shape, not trainable; checkpoints
// hold it. For weights of 16 bits (bfloat16, float16) m is float32 and so is the arithmetic; the weight itself is
// rounded to its 16 bits after each step.
//
// Hyperparameters of GoMLX are honoured: [optimizer.ParamClipStepByValue] clips learningRate·g,
// [optimizer.ParamClipNaN] takes a gradient with a NaN or an infinity as all zeros, so that one bad batch does not stay
// in m, and [optimizer.ParamNanLogger] traces gradients.
func SGD() *SGDConfig {
	return &SGDConfig{decayed: isMatrix}
}

// isMatrix is the default of [SGDConfig.DecayOnly].
func isMatrix(v *model.Variable) bool { return v.Shape().Rank() >= 2 }

// LearningRate sets the initial value of the variable /optimizers/learning_rate, which is read at each step. It is
// not negative. The default is the hyperparameter [optimizer.ParamLearningRate], or 0.1 without it.
func (c *SGDConfig) LearningRate(rate float64) *SGDConfig {
	c.learningRate, c.learningRateSet = rate, true
	return c
}

// Momentum sets how much of m stays from one step to the next: in [0, 1), by default 0, which needs no buffers.
func (c *SGDConfig) Momentum(momentum float64) *SGDConfig {
	c.momentum = momentum
	return c
}

// Nesterov chooses Nesterov momentum, which needs Momentum above 0. The default is false.
func (c *SGDConfig) Nesterov(enabled bool) *SGDConfig {
	c.nesterov = enabled
	return c
}

// WeightDecay sets the factor of the L2 penalty, added to the gradient and so subject to momentum: not negative, by
// default 0.
func (c *SGDConfig) WeightDecay(factor float64) *SGDConfig {
	c.weightDecay = factor
	return c
}

// DecayOnly sets which weights decay. By default those of rank 2 and more, which leaves out biases and the scales and
// offsets of normalization layers.
func (c *SGDConfig) DecayOnly(decayed func(v *model.Variable) bool) *SGDConfig {
	c.decayed = decayed
	return c
}

// Schedule sets the learning rate of each step, in place of LearningRate. See [Scheduled].
func (c *SGDConfig) Schedule(schedule Schedule) *SGDConfig {
	c.schedule = schedule
	return c
}

// FromScope sets what the hyperparameters [ParamMomentum], [ParamNesterov] and [ParamWeightDecay] say in scope, and
// leaves alone what they do not mention. It panics if one has the wrong type.
func (c *SGDConfig) FromScope(scope *model.Scope) *SGDConfig {
	c.momentum = model.GetParamOr(scope, ParamMomentum, c.momentum)
	c.nesterov = model.GetParamOr(scope, ParamNesterov, c.nesterov)
	c.weightDecay = model.GetParamOr(scope, ParamWeightDecay, c.weightDecay)
	return c
}

// Done returns the optimizer, which implements train.OptimizeWithGradients too. Settings out of range make its
// UpdateGraph panic, so that the first training step returns the error.
func (c *SGDConfig) Done() optimizer.Interface {
	base := &sgd{config: *c}
	if c.schedule != nil {
		return Scheduled(base, c.schedule)
	}
	return base
}

func (c *SGDConfig) validate() error {
	switch {
	case !(c.learningRate >= 0) || math.IsInf(c.learningRate, 1):
		return errors.Errorf("SGD: learning rate is %g, it must be finite and not negative", c.learningRate)
	case !(c.momentum >= 0 && c.momentum < 1):
		return errors.Errorf("SGD: momentum is %g, it must be at least 0 and below 1", c.momentum)
	case c.nesterov && c.momentum == 0:
		return errors.New("SGD: Nesterov needs a momentum above 0, such as 0.9")
	case !(c.weightDecay >= 0) || math.IsInf(c.weightDecay, 1):
		return errors.Errorf("SGD: weight decay is %g, it must be finite and not negative", c.weightDecay)
	case c.decayed == nil:
		return errors.New("SGD: DecayOnly got nil; for no weight decay leave WeightDecay at 0")
	}
	return nil
}

// sgd implements optimizer.Interface and train.OptimizeWithGradients.
type sgd struct {
	config SGDConfig
}

// UpdateGraph implements optimizer.Interface.
func (o *sgd) UpdateGraph(scope *model.Scope, _ *graph.Graph, loss *graph.Node) {
	if !loss.Shape().IsScalar() {
		exceptions.Panicf("SGD: the loss must be a scalar, its shape is %s", loss.Shape())
	}
	o.UpdateGraphWithGradients(scope, scope.BuildTrainableVariablesGradientsGraph(loss), loss.DType())
}

// UpdateGraphWithGradients implements train.OptimizeWithGradients.
func (o *sgd) UpdateGraphWithGradients(scope *model.Scope, grads []*graph.Node, lossDType dtypes.DType) {
	if err := o.config.validate(); err != nil {
		panic(err)
	}
	if len(grads) == 0 {
		panic(errors.New("SGD: no gradients, the model has no trainable variable in use"))
	}
	g := grads[0].Graph()
	initialRate := o.config.learningRate
	if !o.config.learningRateSet {
		initialRate = model.GetParamOr(scope, optimizer.ParamLearningRate, optimizer.SGDDefaultLearningRate)
	}
	rate := learningRateVar(scope, atLeastFloat32(lossDType), initialRate).NodeValue(g)
	optimizer.IncrementGlobalStep(g, dtypes.Int64)

	// Gradients come in the order of the trainable variables in use, which is all that ties the two together.
	numUpdated := 0
	for v := range scope.IterVariables() {
		if !v.Trainable || !v.InUseByGraph(g) {
			continue
		}
		if numUpdated < len(grads) {
			o.update(scope, v, grads[numUpdated], rate)
		}
		numUpdated++
	}
	if numUpdated != len(grads) {
		exceptions.Panicf("SGD: got %d gradients for %d trainable variables in use: was a trainable variable created, "+
			"or made trainable, after the gradients were taken?", len(grads), numUpdated)
	}
}

// update builds the step of one weight. gradient has the weight's shape and dtype, rate is a scalar.
func (o *sgd) update(scope *model.Scope, v *model.Variable, gradient, rate *graph.Node) {
	g := gradient.Graph()
	dtype := atLeastFloat32(v.DType())
	weight := graph.ConvertDType(v.NodeValue(g), dtype)
	gradient = graph.ConvertDType(gradient, dtype)
	optimizer.TraceNaNInGradients(scope, v, gradient)
	gradient = optimizer.ClipNaNsInGradients(scope, gradient)

	if o.config.weightDecay > 0 && o.config.decayed(v) {
		gradient = graph.Add(gradient, graph.MulScalar(weight, o.config.weightDecay))
	}
	if o.config.momentum > 0 {
		buffer := momentumVar(scope.Store(), v, dtype)
		momentum := graph.Add(graph.MulScalar(buffer.NodeValue(g), o.config.momentum), gradient)
		buffer.SetNodeValue(momentum)
		if o.config.nesterov {
			gradient = graph.Add(gradient, graph.MulScalar(momentum, o.config.momentum))
		} else {
			gradient = momentum
		}
	}
	step := optimizer.ClipStepByValue(scope, graph.Mul(gradient, graph.ConvertDType(rate, dtype)))
	updated := optimizer.ClipNaNsInUpdates(scope, weight, graph.Sub(weight, step))
	v.SetNodeValue(graph.ConvertDType(updated, v.DType()))
}

// momentumVar returns the momentum buffer of v, created with zeros if it is new.
func momentumVar(store *model.Store, v *model.Variable, dtype dtypes.DType) *model.Variable {
	shape := v.Shape().Clone()
	shape.DType = dtype
	return store.VariableWithShape("/"+SGDScope+v.Path()+"_momentum", shape, initializer.Zero).SetTrainable(false)
}

// atLeastFloat32 widens floats of 16 bits: a momentum of 0.9 needs more than their 8 to 11 significant bits.
func atLeastFloat32(dtype dtypes.DType) dtypes.DType {
	if dtype.IsHalfPrecision() {
		return dtypes.Float32
	}
	return dtype
}

// Clear deletes the momentum buffers. It implements optimizer.Interface.
func (o *sgd) Clear(scope *model.Scope) error {
	return scope.Store().DeleteVariablesInScope(SGDScope)
}
