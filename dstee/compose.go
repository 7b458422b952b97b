package dstee

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// This file holds the composition of acquisitions. All of it gives the same bits on every backend if the parts do.

// Add returns the acquisition whose score is the sum of both. It has the Params and Memory of both; a name of b that a has
// taken gets a number: c of b is then c2.
func (a Acquisition) Add(b Acquisition) Acquisition {
	params, renamedParams := join(a.Params, b.Params, func(p *Param) *string { return &p.Name })
	memory, renamedMemory := join(a.Memory, b.Memory, func(m *Memory) *string { return &m.Name })
	own := func(s *Signals) *Signals { return s.renamed(renamedParams, renamedMemory) }
	for i := range memory[len(a.Memory):] {
		update := b.Memory[i].Update
		memory[len(a.Memory)+i].Update = func(s *Signals) *Node { return update(own(s)) }
	}
	return Acquisition{
		Name:   a.Name + " + " + b.Name,
		Params: params,
		Memory: memory,
		Score:  func(s *Signals) *Node { return Add(s.Rounded(a.Score(s)), s.Rounded(b.Score(own(s)))) },
		err:    errors.Join(a.usable(), b.usable()),
	}
}

// Scale returns the acquisition whose score is multiplied by the schedule's value, its Param "scale".
func (a Acquisition) Scale(scale Schedule) Acquisition {
	params, names := join(a.Params, []Param{{"scale", scale}}, func(p *Param) *string { return &p.Name })
	return Acquisition{
		Name:   fmt.Sprintf("%s · %s", scale, a.factor()),
		Params: params,
		Memory: a.Memory,
		Score:  func(s *Signals) *Node { return Mul(s.Rounded(a.Score(s)), s.Param(names["scale"])) },
		err:    a.usable(),
	}
}

// Noise returns the acquisition whose score is disturbed by normally distributed numbers ([Signals.Normal]) of the
// standard deviation that the schedule says, its Param "sigma".
func (a Acquisition) Noise(sigma Schedule) Acquisition {
	noise := Acquisition{
		Name:   "noise",
		Params: []Param{{"sigma", sigma}},
		Score:  func(s *Signals) *Node { return Mul(s.Param("sigma"), s.Normal()) },
	}
	return a.Add(noise)
}

// WithSchedule returns the acquisition with another value for one of its Params. That there is none of that name is
// reported before training.
func (a Acquisition) WithSchedule(param string, value Schedule) Acquisition {
	a.Params = slices.Clone(a.Params)
	var names []string
	for i := range a.Params {
		if a.Params[i].Name == param {
			a.Params[i].Value = value
			return a
		}
		names = append(names, a.Params[i].Name)
	}
	a.err = errors.Join(a.err, fmt.Errorf("WithSchedule(%q): it has no parameter of that name, only %q", param, names))
	return a
}

// usable says what keeps the acquisition from being part of another.
func (a Acquisition) usable() error {
	if a.Score == nil && a.err == nil {
		return fmt.Errorf("its part %q has no Score function", a.Name)
	}
	return a.err
}

// factor is the name as a factor of a product.
func (a Acquisition) factor() string {
	if strings.Contains(a.Name, " + ") {
		return "(" + a.Name + ")"
	}
	return a.Name
}

// join returns a and b, those of b with names of their own, and how they were renamed.
func join[T any](a, b []T, name func(*T) *string) (all []T, renamed map[string]string) {
	all, renamed = slices.Clone(a), map[string]string{}
	taken := map[string]bool{}
	for i := range a {
		taken[*name(&a[i])] = true
	}
	for _, item := range b {
		before := *name(&item)
		after := before
		for i := 2; taken[after]; i++ {
			after = fmt.Sprintf("%s%d", before, i)
		}
		taken[after], renamed[before] = true, after
		*name(&item) = after
		all = append(all, item)
	}
	return all, renamed
}

// renamed returns the signals as a part of a composed acquisition sees them: Params and Memory under its own names, which
// are the keys.
func (s *Signals) renamed(params, memory map[string]string) *Signals {
	own := *s
	own.params, own.memory = map[string]*Node{}, map[string]*Node{}
	for before, after := range params {
		own.params[before] = s.params[after]
	}
	for before, after := range memory {
		own.memory[before] = s.memory[after]
	}
	return &own
}
