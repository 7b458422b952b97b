package dsttest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// RunAll tests a growth score, on XLA and on Go, in the company of [dstee.Magnitude]. Each requirement is a subtest:
//
//   - score: it has the weights' shape, and is not NaN where weights, gradients and visits are finite;
//   - exact counts: whatever the drop fraction, as many weights are dropped, grown and active as asked for, be it none, one
//     or all;
//   - masks move: weights enter the mask that were not in it, and go on to do so;
//   - deterministic: the same layer, step and seed give the same scores and mask, in any order, from any Updater;
//   - host equals device: wherever the selection runs, the masks are equal;
//   - not finite: counts are exact also where the gradients of inactive weights are NaN or infinite;
//   - trains, accumulates, bfloat16, float16: a small model trains with Adam, also with gradients accumulated and with
//     weights of half precision; counts are exact after every step, no layer dies, and nothing inactive is stored;
//   - resumes: a run that was stopped and resumed has the weights, masks and visits of one that was not;
//   - XLA equals Go: the scores have the same bits on both backends, hence the masks are equal, see [Inexact].
//
// It takes some 5 seconds, most of which XLA compiles. The test of a new idea is one line:
//
//	func TestMine(t *testing.T) { dsttest.RunAll(t, mine) }
func RunAll(t *testing.T, grow dstee.Acquisition, options ...Option) {
	t.Helper()
	newSubject(dstee.Magnitude(), grow, false, options).runAll(t)
}

// RunAllDrop tests a drop score as [RunAll] does a growth score, in the company of [dstee.RigL].
func RunAllDrop(t *testing.T, drop dstee.Acquisition, options ...Option) {
	t.Helper()
	newSubject(drop, dstee.RigL(), true, options).runAll(t)
}

// Option changes what [RunAll] requires.
type Option func(*subject)

// Inexact lets the scores of XLA and Go differ by rounding, for acquisitions that cannot help it, such as those that
// sum over a layer. Masks may then differ between backends where scores all but tie.
func Inexact() Option { return func(s *subject) { s.inexact = true } }

// subject is what is tested: a pair of acquisitions, of which one is of interest.
type subject struct {
	drop, grow dstee.Acquisition
	dropTested bool
	inexact    bool
}

func newSubject(drop, grow dstee.Acquisition, dropTested bool, options []Option) *subject {
	s := &subject{drop: drop, grow: grow, dropTested: dropTested}
	for _, option := range options {
		option(s)
	}
	return s
}

func (s *subject) runAll(t *testing.T) {
	t.Helper()
	outcomes := map[string][]choice{}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		b, err := newBench(s, backend)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			passed := t.Run(c.name, func(t *testing.T) {
				if err := c.run(b); err != nil {
					t.Error(err)
				}
			})
			if !passed && c.name == scoreCheck {
				t.Log("nothing else is tested of a score that fails this")
				return
			}
		}
		outcomes[t.Name()[strings.LastIndex(t.Name(), "/")+1:]] = b.outcome
	})
	if len(outcomes) < 2 {
		t.Log("not tested: XLA equals Go, which takes both backends and the score to pass on each")
		return
	}
	t.Run("XLA equals Go", func(t *testing.T) {
		var names []string
		for name := range outcomes {
			names = append(names, name)
		}
		slices.Sort(names)
		if err := s.compareBackends(names, outcomes[names[0]], outcomes[names[1]]); err != nil {
			t.Error(err)
		}
	})
}

// check is a requirement on one backend.
type check struct {
	name string
	run  func(b *bench) error
}

// scoreCheck is the requirement without which no other makes sense.
const scoreCheck = "score"

var checks = []check{
	{scoreCheck, (*bench).checkScore},
	{"exact counts", (*bench).checkCounts},
	{"masks move", (*bench).checkMoves},
	{"deterministic", (*bench).checkDeterministic},
	{"host equals device", (*bench).checkPlaces},
	{"not finite", (*bench).checkNonFinite},
	{"trains", (*bench).checkTrains},
	{"accumulates", (*bench).checkAccumulates},
	{"bfloat16", (*bench).checkBFloat16},
	{"float16", (*bench).checkFloat16},
	{"resumes", (*bench).checkResumes},
}

// bench tests a subject on one backend. All layers have one shape, so that each graph compiles once.
type bench struct {
	*subject
	backend      compute.Backend
	host, device *dstee.Updater
	scores       *dstee.Updater // Grows by the acquisition that is tested.

	outcome []choice // Of the scenes, once checkScore has run.
	whole   *trained // A run in Float32, once checkTrains has run.
}

func newBench(s *subject, backend compute.Backend) (*bench, error) {
	b := &bench{subject: s, backend: backend}
	var err error
	if b.host, b.scores, err = b.newUpdaters(); err != nil {
		return nil, err
	}
	b.device, err = dstee.NewUpdater(backend, s.drop, s.grow, dstee.OnDevice)
	return b, err
}

// newUpdaters returns an updater that selects on the host, and the one that tells the scores.
func (b *bench) newUpdaters() (host, scores *dstee.Updater, err error) {
	if host, err = dstee.NewUpdater(b.backend, b.drop, b.grow, dstee.OnHost); err != nil || !b.dropTested {
		return host, host, err
	}
	scores, err = dstee.NewUpdater(b.backend, dstee.Magnitude(), b.drop, dstee.OnHost)
	return host, scores, err
}

// Layers have layerRows × layerColumns weights.
const (
	layerRows    = 50
	layerColumns = 20
	layerSize    = layerRows * layerColumns
)

// scene is a layer before a mask update, and what the update is to do.
type scene struct {
	name             string
	weight, gradient []float32
	momentum         []float32
	mask             []bool
	visits           []int32
	active, target   int
	fraction         float64
	step, round      int
	seed             uint32

	dropMemory, growMemory []*tensors.Tensor // Nil before the first update.
}

// newScene draws a layer with the given number of active weights. If ties, weights and gradients take few values.
func newScene(name string, seed uint64, active int, ties bool) *scene {
	rng := rand.New(rand.NewPCG(seed, 11))
	s := &scene{
		name:     name,
		weight:   make([]float32, layerSize),
		gradient: make([]float32, layerSize),
		momentum: make([]float32, layerSize),
		mask:     make([]bool, layerSize),
		visits:   make([]int32, layerSize),
		active:   active,
		target:   active,
		fraction: 0.3,
		step:     700,
		round:    7,
		seed:     uint32(seed),
	}
	draw := func() float32 {
		if ties {
			return float32(rng.IntN(41)-20) / 100
		}
		return float32(rng.NormFloat64() / 10)
	}
	for i := range layerSize {
		s.gradient[i] = draw()
		s.visits[i] = int32(rng.IntN(5))
	}
	for _, i := range rng.Perm(layerSize)[:active] {
		s.mask[i] = true
		s.weight[i] = draw()
		s.momentum[i] = draw()
		s.visits[i]++
	}
	return s
}

// scenes are what determinism, host and device, and both backends are compared by.
func scenes() []*scene {
	few := newScene("few active weights", 1, 20, false)
	tied := newScene("many ties", 2, 100, true)
	tied.step = 2
	late := newScene("late in a run", 3, 100, false)
	late.step, late.round = 123456, 1234
	for i := range late.visits {
		late.visits[i] *= 977
	}
	shrinking := newScene("fewer active weights after the update than before", 4, 500, true)
	shrinking.target, shrinking.fraction = 300, 0.5
	return []*scene{few, tied, late, shrinking}
}

// totalSteps is the length of the run that scenes are taken from.
const totalSteps = 200000

// state returns the layer as tensors of their own, since tensors belong to one backend, its memory updated.
func (s *scene) state(updater *dstee.Updater) (dstee.LayerState, error) {
	float := func(values []float32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(slices.Clone(values), layerRows, layerColumns)
	}
	return updater.Remember(dstee.LayerState{
		Weight:     float(s.weight),
		Gradient:   float(s.gradient),
		Momentum:   float(s.momentum),
		Mask:       tensors.FromFlatDataAndDimensions(slices.Clone(s.mask), layerRows, layerColumns),
		Visits:     tensors.FromFlatDataAndDimensions(slices.Clone(s.visits), layerRows, layerColumns),
		DropMemory: s.dropMemory,
		GrowMemory: s.growMemory,
		Path:       "/layer/weights",
		Round:      s.round,
		TotalSteps: totalSteps,
	}, s.step, s.seed)
}

// scores returns the growth scores of the scene's layer.
func (s *scene) scores(updater *dstee.Updater) ([]float32, error) {
	state, err := s.state(updater)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	scores, err := updater.GrowScores(state, s.step, s.seed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return scores, nil
}

// describe names what a score sees of a weight.
func (s *scene) describe(i int) string {
	return fmt.Sprintf("weight %g, gradient %g, active %t, visits %d, step %d", s.weight[i], s.gradient[i], s.mask[i], s.visits[i], s.step)
}

// choice is the outcome of a mask update.
type choice struct {
	scores     []float32 // Of the tested acquisition; nil if not asked for.
	kept, mask []bool

	dropMemory, growMemory []*tensors.Tensor
}

// update updates the mask of the scene's layer, and checks what every update must do.
func (s *scene) update(updater *dstee.Updater) (choice, error) {
	state, err := s.state(updater)
	if err != nil {
		return choice{}, fmt.Errorf("%s: %w", s.name, err)
	}
	move, err := updater.Update(state, s.active, s.target, s.fraction, s.step, s.seed)
	if err != nil {
		return choice{}, fmt.Errorf("%s: %w", s.name, err)
	}
	c := choice{dropMemory: state.DropMemory, growMemory: state.GrowMemory}
	if c.kept, err = tensors.CopyFlatData[bool](move.Kept); err != nil {
		return c, err
	}
	if c.mask, err = tensors.CopyFlatData[bool](move.Mask); err != nil {
		return c, err
	}
	keep := min(s.active-int(math.Ceil(s.fraction*float64(s.active))), s.target)
	for _, count := range []struct {
		what      string
		got, want int
	}{
		{"dropped", move.Dropped, s.active - keep},
		{"grown", move.Grown, s.target - keep},
		{"kept", countTrue(c.kept), keep},
		{"active after the update", countTrue(c.mask), s.target},
	} {
		if count.got != count.want {
			return c, fmt.Errorf("%s, %d of %d active, drop fraction %g: %d weights %s, want %d", s.name, s.active, layerSize, s.fraction,
				count.got, count.what, count.want)
		}
	}
	for i, kept := range c.kept {
		if kept && (!s.mask[i] || !c.mask[i]) {
			return c, fmt.Errorf("%s: the weight at flat index %d is kept, but was not active both before and after", s.name, i)
		}
	}
	return c, nil
}

// outcomes updates the masks of all scenes, the last one first if backwards.
func (b *bench) outcomes(host, scores *dstee.Updater, backwards bool) ([]choice, error) {
	all := scenes()
	choices := make([]choice, len(all))
	for i := range all {
		if backwards {
			i = len(all) - 1 - i
		}
		s := all[i]
		var err error
		if choices[i], err = s.update(host); err != nil {
			return nil, err
		}
		if choices[i].scores, err = s.scores(scores); err != nil {
			return nil, err
		}
	}
	return choices, nil
}

// eligible tells whether the tested score of the entry decides anything.
func (s *subject) eligible(before *scene, c choice, i int) bool {
	if s.dropTested {
		return before.mask[i]
	}
	return !c.kept[i]
}

func (b *bench) checkScore() error {
	var err error
	if b.outcome, err = b.outcomes(b.host, b.scores, false); err != nil {
		return err
	}
	for k, s := range scenes() {
		for i, score := range b.outcome[k].scores {
			if score != score && b.eligible(s, b.outcome[k], i) {
				return fmt.Errorf("%s: the score is NaN, which ranks below all others, for %s", s.name, s.describe(i))
			}
		}
	}
	return nil
}

func (b *bench) checkCounts() error {
	for _, active := range []int{0, 1, 2, 100, layerSize - 1, layerSize} {
		s := newScene("exact counts", uint64(active), active, true)
		for _, target := range []int{active, active / 2, min(layerSize, active+17)} {
			for _, fraction := range []float64{0, 0.01, 0.3, 1} {
				s.target, s.fraction = target, fraction
				for _, updater := range []*dstee.Updater{b.host, b.device} {
					if _, err := s.update(updater); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// checkMoves lets a layer live through some rounds, with new gradients and new values of the active weights each time.
func (b *bench) checkMoves() error {
	// A score that always prefers the same weights has them all after half of the rounds.
	const rounds = 40
	s := newScene("masks move", 6, 100, false)
	rng := rand.New(rand.NewPCG(6, 6))
	entered, grown := make([]int, rounds), make([]int, rounds)
	for round := range rounds {
		s.step, s.round, s.seed = 10*(round+1), round+1, uint32(round)
		for i, active := range s.mask {
			s.gradient[i] = float32(rng.NormFloat64() / 10)
			if active {
				s.weight[i] += float32(rng.NormFloat64() / 10)
				s.visits[i]++
			}
		}
		c, err := s.update(b.host)
		if err != nil {
			return fmt.Errorf("round %d: %w", round+1, err)
		}
		for i, active := range c.mask {
			if active && !c.kept[i] {
				grown[round]++
			}
			if active && !s.mask[i] {
				entered[round]++
			}
			if !active {
				s.weight[i] = 0
			}
		}
		s.mask, s.dropMemory, s.growMemory = c.mask, c.dropMemory, c.growMemory
	}
	if late, grown := sum(entered[rounds/2:]), sum(grown[rounds/2:]); 20*late < grown {
		return fmt.Errorf("the mask stands still: of the weights that each of %d rounds grows, %v were not in the mask before; all others had "+
			"just been dropped, and must not score highest", rounds, entered)
	}
	return nil
}

func (b *bench) checkDeterministic() error {
	const hint = "a score must depend on nothing but its Signals: not on state, time or random numbers of Go's, for which see Signals.Random"
	again, err := b.outcomes(b.host, b.scores, true)
	if err != nil {
		return err
	}
	if err := b.compare("at first and asked again", b.outcome, again); err != nil {
		return fmt.Errorf("%w; %s", err, hint)
	}
	host, scores, err := b.newUpdaters()
	if err != nil {
		return err
	}
	fresh, err := b.outcomes(host, scores, false)
	if err != nil {
		return err
	}
	if err := b.compare("of two Updaters", b.outcome, fresh); err != nil {
		return fmt.Errorf("%w; %s", err, hint)
	}
	return nil
}

func (b *bench) checkPlaces() error {
	for i, s := range scenes() {
		c, err := s.update(b.device)
		if err != nil {
			return err
		}
		if !slices.Equal(c.mask, b.outcome[i].mask) || !slices.Equal(c.kept, b.outcome[i].kept) {
			return fmt.Errorf("%s: the masks differ on host and device", s.name)
		}
	}
	return nil
}

func (b *bench) checkNonFinite() error {
	nan, infinity := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		name     string
		gradient func(i int) float32
	}{
		{"some gradients of inactive weights are NaN or infinite", func(i int) float32 {
			return []float32{nan, infinity, -infinity, 0, 0.1, -0.1, 0.2}[i%7]
		}},
		{"all gradients of inactive weights are NaN", func(int) float32 { return nan }},
		{"all gradients of inactive weights are infinite", func(int) float32 { return infinity }},
	} {
		s := newScene(test.name, 7, 100, false)
		for i := range layerSize {
			if !s.mask[i] {
				s.gradient[i] = test.gradient(i)
			}
		}
		onHost, err := s.update(b.host)
		if err != nil {
			return err
		}
		onDevice, err := s.update(b.device)
		if err != nil {
			return err
		}
		if !slices.Equal(onHost.mask, onDevice.mask) {
			return fmt.Errorf("%s: the masks differ on host and device", test.name)
		}
	}
	return nil
}

// compare says where two outcomes are not the same to the last bit.
func (s *subject) compare(between string, x, y []choice) error {
	for k, before := range scenes() {
		differ, first := 0, 0
		for i := range x[k].scores {
			if s.eligible(before, x[k], i) && rankBits(x[k].scores[i]) != rankBits(y[k].scores[i]) {
				if differ++; differ == 1 {
					first = i
				}
			}
		}
		if differ > 0 {
			return fmt.Errorf("%s: scores differ %s for %d of %d weights, first %g and %g for %s", before.name, between, differ, layerSize,
				x[k].scores[first], y[k].scores[first], before.describe(first))
		}
		if !slices.Equal(x[k].mask, y[k].mask) {
			return fmt.Errorf("%s: masks differ %s", before.name, between)
		}
	}
	return nil
}

// rankBits are the bits of a score, but that what ranks equal is equal: zeros of both signs, and all NaN.
func rankBits(score float32) uint32 {
	if score != score {
		return math.MaxUint32
	}
	return math.Float32bits(score + 0)
}

// compareBackends says where two backends do not agree.
func (s *subject) compareBackends(names []string, x, y []choice) error {
	if s.inexact {
		return s.compareRoughly(names, x, y)
	}
	if err := s.compare(fmt.Sprintf("on %q and %q", names[0], names[1]), x, y); err != nil {
		return fmt.Errorf("%w\nXLA computes x·y + z with one rounding, and divisions of divisions as one, Go does not: put Signals.Rounded around "+
			"products that are added, and around quotients and roots that are divided; have Log, Exp and Pow computed by a dstee.Formula. "+
			"If it cannot be helped, for instance where the score sums over the layer, use dsttest.Inexact", err)
	}
	return nil
}

// compareRoughly allows for rounding.
func (s *subject) compareRoughly(names []string, x, y []choice) error {
	const relative, ofLargest = 1e-3, 1e-5
	for k, before := range scenes() {
		largest := 0.0
		for _, score := range x[k].scores {
			if size := math.Abs(float64(score)); size > largest && !math.IsInf(size, 0) {
				largest = size
			}
		}
		for i := range x[k].scores {
			v, w := float64(x[k].scores[i]), float64(y[k].scores[i])
			same := v == w || math.IsNaN(v) && math.IsNaN(w) ||
				math.Abs(v-w) <= relative*max(math.Abs(v), math.Abs(w))+ofLargest*largest
			if !same && s.eligible(before, x[k], i) && s.eligible(before, y[k], i) {
				return fmt.Errorf("%s: scores differ by more than rounding: %g on %q, %g on %q for %s", before.name, v, names[0], w, names[1],
					before.describe(i))
			}
		}
	}
	return nil
}

func sum(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}

// countTrue is the number of true entries.
func countTrue(mask []bool) int {
	n := 0
	for _, active := range mask {
		if active {
			n++
		}
	}
	return n
}
