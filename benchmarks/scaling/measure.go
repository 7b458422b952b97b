package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"github.com/sparsekernel/sparsekernel/run/checkpoint"
)

// The kinds of cost, in the order of tables.
const (
	denseStep = iota
	maskedStep
	maskUpdate
	pack
	save
	recorded
	kinds
)

// kind is what a kind of cost is, and what it takes at least.
var kind = [kinds]struct {
	name   string
	flops  func(work) float64 // Nil for none.
	bytes  float64            // For each weight.
	spread bool               // Whether it comes once in ΔT steps.
}{
	denseStep:  {name: "step, dense", flops: work.flops, bytes: denseStepBytes},
	maskedStep: {name: "step, masked", flops: work.flops, bytes: maskedStepBytes},
	maskUpdate: {name: "mask update", bytes: updateBytes, spread: true},
	pack:       {name: "checkpoint, in memory", bytes: saveBytes},
	save:       {name: "checkpoint, on disk", bytes: saveBytes},
	recorded:   {name: "record of an update", bytes: recordBytes, spread: true},
}

// point is what a work costs.
type point struct {
	work
	seconds [kinds]float64 // Medians; of what comes once in ΔT steps, for each step.
}

// steps is how many steps the cost of a kind is divided among.
func (w work) steps(k int) float64 {
	if kind[k].spread {
		return float64(w.deltaT)
	}
	return 1
}

// least is the least time that the machine allows for a kind of cost, in seconds.
func (p point) least(k int, machine roofline) float64 {
	flops := 0.
	if kind[k].flops != nil {
		flops = kind[k].flops(p.work)
	}
	return machine.seconds(flops, kind[k].bytes*float64(p.weights())) / p.steps(k)
}

// measure takes the kinds of cost of a work in turns, so that what else the machine does hits all alike.
func measure(backend compute.Backend, w work) (p point, err error) {
	p.work = w
	dir, err := os.MkdirTemp("", "scaling")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	dense, err := newTraining(backend, w, true)
	if err != nil {
		return p, err
	}
	defer dense.store.Finalize()
	sparse, err := newTraining(backend, w, false)
	if err != nil {
		return p, err
	}
	defer sparse.store.Finalize()
	if err := errors.Join(dense.step(), sparse.step()); err != nil { // They compile, and make masks.
		return p, err
	}
	record, err := record(sparse, dir)
	if err != nil {
		return p, err
	}
	var times [kinds][]float64
	const warmUp, least, most = 2, 5, 100
	began := time.Now()
	for round := 0; round < warmUp+least || (time.Since(began) < w.about && round < most); round++ {
		taken, err := once(dense, sparse, record, filepath.Join(dir, "checkpoint"))
		if err != nil {
			return p, err
		}
		for k := range taken {
			if round >= warmUp {
				times[k] = append(times[k], taken[k]/w.steps(k))
			}
		}
	}
	for k := range times {
		slices.Sort(times[k])
		p.seconds[k] = times[k][len(times[k])/2]
	}
	return p, record.writer.Close()
}

// once does all once: a step of the dense training, steps of the sparse one up to an update, with its record, and a checkpoint.
func once(dense, sparse *training, record *recording, path string) (seconds [kinds]float64, err error) {
	timed := func(k int, do func() error) {
		if err == nil {
			began := time.Now()
			err = do()
			seconds[k] = time.Since(began).Seconds()
		}
	}
	var packed *checkpoint.Packed
	timed(denseStep, dense.step)
	for range sparse.deltaT {
		timed(maskedStep, sparse.step)
	}
	record.took = 0
	timed(maskUpdate, sparse.update)
	seconds[maskUpdate] -= record.took.Seconds() // What was copied for the record.
	timed(recorded, func() error { return record.write(sparse.steps) })
	seconds[recorded] = record.took.Seconds()
	timed(pack, func() (err error) {
		packed, err = checkpoint.Pack(sparse.saved(), nil)
		return err
	})
	timed(save, func() error {
		_, err := packed.Write(path)
		return err
	})
	seconds[save] += seconds[pack]
	return seconds, err
}
