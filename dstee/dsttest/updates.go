package dsttest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sparsekernel/sparsekernel/dstee"
)

// This file holds the checks of single mask updates, of scenes, on one backend.

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

func sum(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}
