package run

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/sparsekernel/sparsekernel/optimizers"
)

// Schedules of the learning rate, for [Spec]. Besides, "steps@0.5,0.75" makes it a tenth after these shares of the run.
const (
	ScheduleCosine   = "cosine" // To 0.
	ScheduleConstant = "constant"
	scheduleSteps    = "steps@"
)

// decaying are the optimizers that take a weight decay, with the hyperparameter that it is.
var decaying = map[string]string{
	"sgd":      optimizers.ParamWeightDecay,
	"momentum": optimizers.ParamWeightDecay,
	"nesterov": optimizers.ParamWeightDecay,
	"adamw":    optimizer.ParamAdamWeightDecay,
}

// optimizer returns the spec's optimizer, which sets its learning rate from the schedule.
func (s Spec) optimizer(scope *model.Scope) (optimizer.Interface, error) {
	if s.WeightDecay > 0 {
		scope.SetParam(decaying[s.Optimizer], s.WeightDecay)
	}
	base, err := optimizers.ByName(scope, s.Optimizer)
	if err != nil {
		return nil, err
	}
	return optimizers.Scheduled(base, s.learningRate()), nil
}

// learningRate is the learning rate's schedule. The spec is valid.
func (s Spec) learningRate() optimizers.Schedule {
	schedule, err := s.schedule()
	if err != nil {
		panic(err)
	}
	return schedule
}

// schedule reads the learning rate's schedule.
func (s Spec) schedule() (schedule optimizers.Schedule, err error) {
	switch shares, isSteps := strings.CutPrefix(s.Schedule, scheduleSteps); {
	case s.Schedule == "" || s.Schedule == ScheduleCosine:
		schedule = optimizers.Cosine{Rate: s.LearningRate, Length: s.Steps}
	case s.Schedule == ScheduleConstant:
		schedule = optimizers.Constant(s.LearningRate)
	case isSteps:
		steps := optimizers.Steps{Rate: s.LearningRate, Gamma: 0.1}
		for text := range strings.SplitSeq(shares, ",") {
			share, err := strconv.ParseFloat(text, 64)
			if err != nil || !(share > 0 && share < 1) {
				return nil, fmt.Errorf("%q in the schedule %q: want shares of the run, such as steps@0.5,0.75", text, s.Schedule)
			}
			steps.Milestones = append(steps.Milestones, int(math.Round(share*float64(s.Steps))))
		}
		schedule = steps
	default:
		return nil, fmt.Errorf("unknown schedule %q: the known ones are %s, %s and steps@ with shares of the run, such as steps@0.5,0.75",
			s.Schedule, ScheduleCosine, ScheduleConstant)
	}
	if s.WarmUp > 0 {
		schedule = optimizers.WarmUp{Length: s.WarmUp, Then: schedule}
	}
	if err := schedule.Validate(); err != nil {
		return nil, fmt.Errorf("the schedule %q over %d steps: %w", s.Schedule, s.Steps, err)
	}
	return schedule, nil
}

// checkRecipe says what is wrong with how the spec trains.
func (s Spec) checkRecipe() error {
	if _, err := s.schedule(); err != nil {
		return err
	}
	if _, decays := decaying[s.Optimizer]; s.WeightDecay > 0 && !decays {
		var names []string
		for name := range decaying {
			names = append(names, name)
		}
		slices.Sort(names)
		return fmt.Errorf("the optimizer %s takes no weight decay: those that do are %s", s.Optimizer, strings.Join(names, ", "))
	}
	if s.LabelSmoothing > 0 && !data[s.Data].areImages() {
		return fmt.Errorf("labels of %s are not smoothed: only classes of images are", s.Data)
	}
	return nil
}
