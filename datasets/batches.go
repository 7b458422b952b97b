package datasets

import (
	"iter"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/pkg/errors"
)

// Batches serves a [Split] for training, without end: it is a GoMLX train.Dataset whose batch at a step depends on the
// split, the batch size, the seed and the step, and on nothing else.
//
// Each epoch is a permutation of the split of its own, and the permutations follow each other in one sequence that is
// cut into batches. So every epoch has every image exactly once, all batches have the same size (one compiled graph
// serves them all), and where the batch size does not divide the number of images, a batch takes its last images from
// the next epoch.
//
// Inputs are one tensor, float32 [batch size, height, width, channels]. Labels are one tensor, int32 [batch size, 1],
// as loss.SparseCategoricalCrossEntropyLogits takes them.
type Batches struct {
	split *Split
	size  int
	seed  uint64
	start int
}

// NewBatches returns batches of the given size, from 1 to the number of images, that start at step 0.
func NewBatches(split *Split, size int, seed uint64) (*Batches, error) {
	if err := split.checkBatchSize(size); err != nil {
		return nil, err
	}
	return &Batches{split: split, size: size, seed: seed}, nil
}

// StartAt returns the same batches with Iter starting at a step.
//
// GoMLX's train.Loop calls Iter anew at each RunSteps, and each Iter starts at the same step. So give the loop the
// step that it is at, in the first run, in the next one and after a resume:
//
//	loop.RunSteps(batches.StartAt(loop.LoopStep), n)
//
// Steps count batches, as LoopStep does: with gradient accumulation there are several to a global step.
func (b *Batches) StartAt(step int) *Batches {
	started := *b
	started.start = step
	return &started
}

// At returns the batch of a step, at the cost of permuting an epoch. The tensors belong to the caller.
func (b *Batches) At(step int) (images, labels *tensors.Tensor, err error) {
	return b.at(step, &permutation{})
}

// at returns the batch of a step. It leaves the permutation of the batch's last epoch in p, for the next batch.
func (b *Batches) at(step int, p *permutation) (images, labels *tensors.Tensor, err error) {
	if step < 0 || step > math.MaxInt/b.size-1 {
		return nil, nil, errors.Errorf("batches of %q: step is %d, want 0 to %d", b.split.Name, step, math.MaxInt/b.size-1)
	}
	positions := make([]int, b.size)
	for i := range positions {
		n := step*b.size + i
		positions[i] = p.of(b.seed, n/b.split.Len(), b.split.Len())[n%b.split.Len()]
	}
	images, labels = b.split.gather(positions)
	return images, labels, nil
}

// permutation remembers the permutation of one epoch.
type permutation struct {
	epoch int
	order []int // nil before the first use
}

func (p *permutation) of(seed uint64, epoch, length int) []int {
	if p.order == nil || p.epoch != epoch {
		p.epoch, p.order = epoch, rand.New(rand.NewPCG(seed, uint64(epoch))).Perm(length)
	}
	return p.order
}

// Name returns the name of the split. It implements train.Dataset.
func (b *Batches) Name() string { return b.split.Name }

// Iter iterates over the batches from the step given to StartAt, by default 0, without end. Iterators are independent
// of each other and may be used in parallel. It implements train.Dataset.
func (b *Batches) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		p := &permutation{}
		for step := b.start; ; step++ {
			images, labels, err := b.at(step, p)
			if err != nil {
				yield(train.Batch{}, err)
				return
			}
			if !yield(asBatch(images, labels), nil) {
				return
			}
		}
	}
}
