package datasets_test

import (
	"errors"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/sparsekernel/sparsekernel/datasets"
	"github.com/stretchr/testify/require"
)

func TestPrefetchKeepsOrder(t *testing.T) {
	batches := newBatches(t, 10, 3, 5)
	for ahead := range 4 {
		step := 0
		for batch, err := range datasets.Prefetch(batches, ahead).Iter() {
			require.NoError(t, err)
			require.Equal(t, labelsAt(t, batches, step), tensors.MustCopyFlatData[int32](batch.Labels[0]))
			if step++; step == 20 {
				break
			}
		}
	}
	require.Equal(t, "numbered", datasets.Prefetch(batches, 1).Name())
	evaluation, err := datasets.NewEvaluation(numbered(7), 3)
	require.NoError(t, err)
	for range 2 {
		served := 0
		for batch, err := range datasets.Prefetch(evaluation, 2).Iter() {
			require.NoError(t, err)
			served += batch.Labels[0].Size()
		}
		require.Equal(t, 7, served)
	}
}

// source yields batches, remembers them, and ends as it is told.
type source struct {
	train.Dataset
	made []train.Batch
	end  func(yield func(train.Batch, error) bool)
}

func (s *source) Name() string { return "source" }

func (s *source) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for range 10 {
			s.made = append(s.made, train.Batch{Inputs: []*tensors.Tensor{tensors.FromScalar(float32(1))}})
			if !yield(s.made[len(s.made)-1], nil) {
				return
			}
		}
		if s.end != nil {
			s.end(yield)
		}
	}
}

// However the iteration ends, no goroutine is left (the bubble fails if one is), and batches that nobody took are freed.
func TestPrefetchLeavesNothing(t *testing.T) {
	for taken := 1; taken <= 10; taken++ {
		for _, ahead := range []int{1, 3, 20} {
			synctest.Test(t, func(t *testing.T) {
				s := &source{}
				n := 0
				for range datasets.Prefetch(s, ahead).Iter() {
					synctest.Wait()
					require.LessOrEqual(t, len(s.made)-n-1, ahead, "no more are prepared than asked for")
					if n++; n == taken {
						break
					}
				}
				for i, batch := range s.made {
					require.Equal(t, i < taken, batch.Inputs[0].Ok(), "batch %d", i)
				}
			})
		}
	}
}

func TestPrefetchPassesErrorsAndPanics(t *testing.T) {
	broken := errors.New("broken")
	for want, end := range map[string]func(yield func(train.Batch, error) bool){
		"broken":                                func(yield func(train.Batch, error) bool) { yield(train.Batch{}, broken) },
		`batch of "source": panic: no such key`: func(func(train.Batch, error) bool) { panic("no such key") },
	} {
		synctest.Test(t, func(t *testing.T) {
			var last error
			n := 0
			for _, err := range datasets.Prefetch(&source{end: end}, 2).Iter() {
				last = err
				n++
			}
			require.Equal(t, 11, n)
			require.ErrorContains(t, last, want)
		})
	}
}
