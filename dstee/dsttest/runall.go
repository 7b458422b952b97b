// Package dsttest checks mask updates: anybody's growth and drop scores against what all of them must do ([RunAll]), and this
// build's updates against reference vectors ([Vectors]), such as those embedded here.
package dsttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

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
