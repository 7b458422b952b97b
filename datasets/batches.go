package datasets

import (
	"iter"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/pkg/errors"
)

// Batches serves [Examples] for training, without end: it is a GoMLX train.Dataset whose batch at a step depends on the
// examples, the batch size, the seed and the step, and on nothing else. So a run resumes anywhere, bit for bit.
//
// Each epoch is a permutation of the examples of its own, and the permutations follow each other in one sequence that is
// cut into batches. So every epoch has every example exactly once, all batches have the same size (one compiled graph
// serves them all), and where the batch size does not divide the number of examples, a batch takes its last ones from
// the next epoch. Each place in the sequence has a random number of its own, by which its example is augmented.
//
// Inputs are one tensor, float32 [batch size, <shape of an input...>], such as [batch size, height, width, channels].
// Labels are one tensor, int32 [batch size, 1], as loss.SparseCategoricalCrossEntropyLogits and
// loss.BinaryCrossentropyLogits take them.
type Batches struct {
	examples Examples
	size     int
	seed     uint64
	start    int
	onDevice bool // whether the draws are an input, and not used here
}

// NewBatches returns batches of the given size, from 1 to the number of examples, that start at step 0.
func NewBatches(examples Examples, size int, seed uint64) (*Batches, error) {
	if err := checkBatchSize(examples, size); err != nil {
		return nil, err
	}
	return &Batches{examples: examples, size: size, seed: seed}, nil
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

// WithDraws returns the same batches, not augmented, with a second input: the random number of each example, uint32
// [batch size], for augmentation on the device ([CropFlip.Graph]) in the model or in GoMLX's dataset.Map.
func (b *Batches) WithDraws() *Batches {
	drawn := *b
	drawn.onDevice = true
	return &drawn
}

// At returns the batch of a step, at the cost of permuting an epoch. The tensors belong to the caller.
func (b *Batches) At(step int) (train.Batch, error) {
	return b.at(step, &permutation{})
}

// at returns the batch of a step. It leaves the permutation of the batch's last epoch in p, for the next batch.
func (b *Batches) at(step int, p *permutation) (train.Batch, error) {
	about := b.examples.About()
	if step < 0 || step > math.MaxInt/b.size-1 {
		return train.Batch{}, errors.Errorf("batches of %q: step is %d, want 0 to %d", about.Name, step, math.MaxInt/b.size-1)
	}
	positions, draws := make([]int, b.size), make([]uint32, b.size)
	for i := range positions {
		n := step*b.size + i
		positions[i] = p.of(b.seed, n/about.Len(), about.Len())[n%about.Len()]
		draws[i] = draw(b.seed, n)
	}
	var extra []*tensors.Tensor
	if b.onDevice {
		extra, draws = []*tensors.Tensor{tensors.FromFlatDataAndDimensions(draws, b.size)}, nil
	}
	inputs, err := b.examples.Inputs(positions, draws)
	if err != nil {
		return train.Batch{}, errors.WithMessagef(err, "batch %d of %q", step, about.Name)
	}
	return asBatch(about.labelsAt(positions), append([]*tensors.Tensor{inputs}, extra...)...), nil
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

// Name returns the name of the examples. It implements train.Dataset.
func (b *Batches) Name() string { return b.examples.About().Name }

// Iter iterates over the batches from the step given to StartAt, by default 0, without end. Iterators are independent
// of each other and may be used in parallel. It implements train.Dataset.
func (b *Batches) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		p := &permutation{}
		for step := b.start; ; step++ {
			batch, err := b.at(step, p)
			if !yield(batch, err) || err != nil {
				return
			}
		}
	}
}

func asBatch(labels *tensors.Tensor, inputs ...*tensors.Tensor) train.Batch {
	return train.Batch{Inputs: inputs, Labels: []*tensors.Tensor{labels}}
}
