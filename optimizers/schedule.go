package optimizers

import (
	"fmt"
	"math"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/pkg/errors"
)

// Schedule is a learning rate over the steps of the optimizer, counted from 0: step 0 is the first update of the
// weights. Schedules are plain values; they hold no state, so a run that resumes at some step goes on with that step's
// rate.
//
// At and Graph say the same, one on the host for printing and plotting without a run, the other in the training graph:
// after rounding to float32 they differ by at most one unit in the last place. Both mean something only where Validate
// returns nil.
type Schedule interface {
	// At returns the learning rate of a step.
	At(step int) float64

	// Graph returns the learning rate, a Float64 scalar, of step, an Int64 scalar. It is a graph building function:
	// since step is a node, one compiled graph serves all steps.
	Graph(step *graph.Node) *graph.Node

	// Validate returns an error that names the setting that makes no sense, or nil.
	Validate() error

	// String describes the schedule in a few words.
	fmt.Stringer
}

// Constant is the [Schedule] with the same learning rate at all steps.
type Constant float64

// At implements Schedule.
func (c Constant) At(int) float64 { return float64(c) }

// Graph implements Schedule.
func (c Constant) Graph(step *graph.Node) *graph.Node {
	return graph.Const(step.Graph(), float64(c))
}

// Validate implements Schedule.
func (c Constant) Validate() error { return validateRate("Constant", "learning rate", float64(c)) }

// String implements Schedule.
func (c Constant) String() string { return fmt.Sprintf("constant %g", float64(c)) }

// Steps is the [Schedule] that starts at Rate and multiplies it by Gamma at each milestone, as
// torch.optim.lr_scheduler.MultiStepLR does.
type Steps struct {
	Rate       float64 // learning rate before the first milestone
	Gamma      float64 // factor at each milestone
	Milestones []int   // in increasing order; a milestone is the first step with the changed rate
}

// At implements Schedule.
func (s Steps) At(step int) float64 {
	rate := s.Rate
	for _, milestone := range s.Milestones {
		if step >= milestone {
			rate *= s.Gamma
		}
	}
	return rate
}

// Graph implements Schedule.
func (s Steps) Graph(step *graph.Node) *graph.Node {
	g := step.Graph()
	rate := graph.Const(g, s.Rate)
	for _, milestone := range s.Milestones {
		reached := graph.GreaterOrEqual(step, graph.Const(g, int64(milestone)))
		rate = graph.Where(reached, graph.Const(g, s.At(milestone)), rate)
	}
	return rate
}

// Validate implements Schedule.
func (s Steps) Validate() error {
	if err := validateRate("Steps", "Rate", s.Rate); err != nil {
		return err
	}
	if err := validateRate("Steps", "Gamma", s.Gamma); err != nil {
		return err
	}
	previous := 0
	for _, milestone := range s.Milestones {
		if milestone <= previous {
			return errors.Errorf("Steps: milestones are %d, they must be above 0 and increasing", s.Milestones)
		}
		previous = milestone
	}
	return nil
}

// String implements Schedule.
func (s Steps) String() string {
	if len(s.Milestones) == 0 {
		return Constant(s.Rate).String()
	}
	milestones := strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Milestones), " ", ", "), "[]")
	return fmt.Sprintf("%g, times %g at steps %s", s.Rate, s.Gamma, milestones)
}

// Cosine is the [Schedule] that falls from Rate at step 0 to Min at step Length along half a cosine, as
// torch.optim.lr_scheduler.CosineAnnealingLR does with T_max = Length and eta_min = Min:
//
//	Min + (Rate-Min)·(1 + cos(π·step/Length))/2
//
// As in PyTorch the cosine goes on after step Length: the rate rises again, up to Rate at step 2·Length. Give Length
// the number of steps of the run.
//
// Source: Loshchilov and Hutter, SGDR, ICLR 2017, without restarts.
type Cosine struct {
	Rate   float64 // learning rate of step 0
	Min    float64 // learning rate of step Length
	Length int     // steps from Rate to Min
}

// At implements Schedule.
func (c Cosine) At(step int) float64 {
	// (1 + cos x)/2 is sin²((π-x)/2), which does not lose its digits where the rate is small.
	toMin := math.Abs(float64(c.Length - step%(2*c.Length)))
	sin := math.Sin(toMin * c.quarterTurn())
	return c.Min + (c.Rate-c.Min)*sin*sin
}

// Graph implements Schedule.
func (c Cosine) Graph(step *graph.Node) *graph.Node {
	g := step.Graph()
	length, period := graph.Const(g, int64(c.Length)), graph.Const(g, int64(2*c.Length))
	toMin := graph.ConvertDType(graph.Abs(graph.Sub(length, graph.Rem(step, period))), dtypes.Float64)
	sin := graph.Sin(graph.MulScalar(toMin, c.quarterTurn()))
	return graph.AddScalar(graph.MulScalar(graph.Square(sin), c.Rate-c.Min), c.Min)
}

// quarterTurn is the angle of one step, of which Length make a right angle.
func (c Cosine) quarterTurn() float64 { return math.Pi / float64(2*c.Length) }

// Validate implements Schedule.
func (c Cosine) Validate() error {
	if err := validateRate("Cosine", "Rate", c.Rate); err != nil {
		return err
	}
	if err := validateRate("Cosine", "Min", c.Min); err != nil {
		return err
	}
	return validateLength("Cosine", c.Length)
}

// String implements Schedule.
func (c Cosine) String() string {
	return fmt.Sprintf("cosine from %g to %g over %d steps", c.Rate, c.Min, c.Length)
}

// WarmUp is the [Schedule] that multiplies the rate of Then by (step+1)/(Length+1) in the first Length steps, and by 1
// afterwards: torch.optim.lr_scheduler.LinearLR with start_factor = 1/(Length+1) and total_iters = Length.
// Then counts its steps from the start of the run, not from the end of the warm-up.
//
// Source: gradual warm-up of Goyal et al., Accurate, Large Minibatch SGD, 2017 (arXiv:1706.02677), section 2.2.
type WarmUp struct {
	Length int // steps with less than the full rate
	Then   Schedule
}

// At implements Schedule.
func (w WarmUp) At(step int) float64 {
	return w.Then.At(step) * (float64(min(step, w.Length)+1) / float64(w.Length+1))
}

// Graph implements Schedule.
func (w WarmUp) Graph(step *graph.Node) *graph.Node {
	warmSteps := graph.Min(step, graph.Const(step.Graph(), int64(w.Length)))
	numerator := graph.ConvertDType(graph.OnePlus(warmSteps), dtypes.Float64)
	return graph.Mul(w.Then.Graph(step), graph.DivScalar(numerator, float64(w.Length+1)))
}

// Validate implements Schedule.
func (w WarmUp) Validate() error {
	if err := validateLength("WarmUp", w.Length); err != nil {
		return err
	}
	if w.Then == nil {
		return errors.New("WarmUp: Then is nil, it needs the schedule to warm up to")
	}
	return w.Then.Validate()
}

// String implements Schedule.
func (w WarmUp) String() string {
	return fmt.Sprintf("%v, warmed up over %d steps", w.Then, w.Length)
}

func validateRate(schedule, setting string, rate float64) error {
	if !(rate >= 0) || math.IsInf(rate, 1) {
		return errors.Errorf("%s: %s is %g, it must be finite and not negative", schedule, setting, rate)
	}
	return nil
}

func validateLength(schedule string, length int) error {
	if length < 1 || length > math.MaxInt/2 {
		return errors.Errorf("%s: Length is %d, it must be at least 1 step", schedule, length)
	}
	return nil
}
