package run

import (
	"maps"
	"slices"

	"github.com/gomlx/gomlx/ml/train"

	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/sparsekernel/sparsekernel/models"
)

// modelFns are the models by name, for a number of classes.
var modelFns = map[string]func(classes int) train.ModelFn{
	"mlp":    func(classes int) train.ModelFn { return models.MLP(512, 256).Classes(classes).Done() },
	"lenet5": func(classes int) train.ModelFn { return models.LeNet5().Classes(classes).Done() },
}

// data are the data sets by name.
var data = map[string]func() (training, test *datasets.Split, err error){
	"digits": datasets.Digits,
}

// ModelNames returns the names of the models, sorted.
func ModelNames() []string { return slices.Sorted(maps.Keys(modelFns)) }

// DataNames returns the names of the data sets, sorted.
func DataNames() []string { return slices.Sorted(maps.Keys(data)) }
