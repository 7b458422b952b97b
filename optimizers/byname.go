package optimizers

import (
	"maps"
	"slices"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"
	"github.com/pkg/errors"
)

// own are the configurations of [SGD] that ByName knows, before the hyperparameters of the scope.
var own = map[string]func() *SGDConfig{
	"sgd":      SGD,
	"momentum": func() *SGDConfig { return SGD().Momentum(0.9) },
	"nesterov": func() *SGDConfig { return SGD().Momentum(0.9).Nesterov(true) },
}

// Names returns the names that [ByName] knows, sorted: "sgd", "momentum" (SGD with momentum 0.9), "nesterov" (the same
// with Nesterov's), and those of [optimizer.KnownOptimizers], GoMLX's "adam", "adamax", "adamw" and "rmsprop" among
// them.
func Names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(own)), maps.Keys(optimizer.KnownOptimizers))
	slices.Sort(names)
	return slices.Compact(names)
}

// adamWDecay is the weight decay of "adamw" without the hyperparameter optimizer.ParamAdamWeightDecay, as in GoMLX's
// [optimizer.KnownOptimizers].
const adamWDecay = 0.004

// ByName returns the optimizer called name, one of [Names], with the hyperparameters of scope. "sgd" is [SGD], which
// other than GoMLX's does not decay the learning rate; "adamw" decays weights by 0.004 if the hyperparameter
// [optimizer.ParamAdamWeightDecay] does not say otherwise (in GoMLX v0.28 it then does not decay them at all).
//
// The error says which names there are, or which hyperparameter is out of range.
func ByName(scope *model.Scope, name string) (optimizer.Interface, error) {
	if newConfig, found := own[name]; found {
		var config *SGDConfig
		err := exceptions.TryCatch[error](func() { config = newConfig().FromScope(scope) })
		if err == nil {
			err = config.validate()
		}
		if err != nil {
			return nil, errors.WithMessagef(err, "optimizer %q", name)
		}
		return config.Done(), nil
	}
	newOptimizer, found := optimizer.KnownOptimizers[name]
	if !found {
		return nil, errors.Errorf("there is no optimizer %q: choose one of %q", name, Names())
	}
	var opt optimizer.Interface
	if name == "adamw" {
		newOptimizer = func(scope *model.Scope) optimizer.Interface {
			decay := model.GetParamOr(scope, optimizer.ParamAdamWeightDecay, adamWDecay)
			return optimizer.Adam().FromScope(scope).WeightDecay(decay).Done()
		}
	}
	if err := exceptions.TryCatch[error](func() { opt = newOptimizer(scope) }); err != nil {
		return nil, errors.WithMessagef(err, "optimizer %q", name)
	}
	return opt, nil
}
