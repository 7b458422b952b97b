package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// sweep is a series of works that differ in one number.
type sweep struct {
	name  string
	label string // Of the number, on axes and in tables.
	held  string // What stays the same, and how the number changes.
	at    []work
	x     func(work) float64
}

// size is how large the networks are.
type size struct {
	widths    []int // Of three hidden layers.
	layers    []int
	weights   int // That are divided into the layers.
	densities []float64
	deltaTs   []int
	width     int // Of three hidden layers, where something else changes.
	matmul    int
	about     time.Duration // For a point.
}

var (
	full = size{
		widths: []int{256, 512, 1024, 2048, 3072}, layers: []int{1, 2, 4, 8, 16, 32}, weights: 1 << 21,
		densities: []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5}, deltaTs: []int{1, 2, 4, 8, 16, 32}, width: 1024,
		matmul: 1024, about: 2 * time.Second,
	}
	tiny = size{
		widths: []int{8, 16, 32}, layers: []int{1, 2}, weights: 1 << 10,
		densities: []float64{0.1, 0.5}, deltaTs: []int{1, 2}, width: 16, matmul: 64, about: time.Millisecond,
	}
)

// Batch, inputs and density where they do not change.
const (
	batch   = 64
	inputs  = 784
	classes = 10
	density = 0.05
)

// sweeps are those that there are, in the order in which they are measured.
func sweeps(s size) []sweep {
	wide := func(width int) work {
		return work{inputs: inputs, units: []int{width, width, width}, density: density, deltaT: 1, about: s.about}
	}
	byWeights := sweep{name: "weights", label: "weights", held: "an MLP of 784 inputs and three hidden layers, at density 0.05",
		x: func(w work) float64 { return float64(w.weights()) }}
	for _, width := range s.widths {
		byWeights.at = append(byWeights.at, wide(width))
	}
	byLayers := sweep{name: "layers", label: "hidden layers",
		held: fmt.Sprintf("%.2g million weights in square hidden layers, more of them and smaller, at density 0.05", float64(s.weights)/1e6),
		x:    func(w work) float64 { return float64(len(w.units)) }}
	for _, n := range s.layers {
		w := wide(int(math.Sqrt(float64(s.weights / n))))
		w.inputs, w.units = w.units[0], make([]int, n)
		for i := range w.units {
			w.units[i] = w.inputs
		}
		byLayers.at = append(byLayers.at, w)
	}
	byDeltaT := sweep{name: "delta-t", label: "ΔT, steps",
		held: fmt.Sprintf("the MLP of three hidden layers of %d units, at density 0.05; updates and their record, for each step", s.width),
		x:    func(w work) float64 { return float64(w.deltaT) }}
	for _, deltaT := range s.deltaTs {
		w := wide(s.width)
		w.deltaT = deltaT
		byDeltaT.at = append(byDeltaT.at, w)
	}
	byDensity := sweep{name: "density", label: "density", held: fmt.Sprintf("the MLP of three hidden layers of %d units", s.width),
		x: func(w work) float64 { return w.density }}
	for _, d := range s.densities {
		w := wide(s.width)
		w.density = d
		byDensity.at = append(byDensity.at, w)
	}
	return []sweep{byWeights, byLayers, byDeltaT, byDensity}
}

func sweepNames(s size) (names []string) {
	for _, s := range sweeps(s) {
		names = append(names, s.name)
	}
	return names
}

// chosen returns the named sweeps, all of them if there are no names.
func chosen(s size, names []string) ([]sweep, error) {
	if len(names) == 0 {
		return sweeps(s), nil
	}
	var list []sweep
	for _, name := range names {
		before := len(list)
		for _, s := range sweeps(s) {
			if s.name == name {
				list = append(list, s)
			}
		}
		if len(list) == before {
			return nil, fmt.Errorf("unknown sweep %q: those that there are: %s", name, strings.Join(sweepNames(s), ", "))
		}
	}
	return list, nil
}
