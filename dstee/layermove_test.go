package dstee_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
)

// OnMove lends what the update chose from, before it changes anything: the masks follow from the scores.
func TestOnMove(t *testing.T) {
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for _, place := range []dstee.Place{dstee.OnHost, dstee.OnDevice} {
			store := newStore(t)
			var paths []string
			masks := map[string][]bool{}
			sparse := dstee.New(0.2).DeltaT(2).Place(place).OnMove(func(m *dstee.LayerMove) error {
				paths = append(paths, m.Path)
				require.Equal(t, len(paths), 3*m.Round-3+slices.Index(testWeights, m.Path)+1)
				require.Equal(t, 2*m.Round, m.Step)
				before := tensors.MustCopyFlatData[bool](m.Before.Mask)
				require.Equal(t, flat[bool](t, store, dstee.Scope+m.Path+"/mask"), before, "nothing has changed")
				kept, mask := tensors.MustCopyFlatData[bool](m.Kept), tensors.MustCopyFlatData[bool](m.Mask)
				require.Equal(t, m.Active, count(before))
				require.Equal(t, m.Target, count(mask))
				require.Equal(t, m.Dropped, m.Active-count(kept))
				require.Equal(t, int(math.Ceil(m.DropFraction*float64(m.Active))), m.Dropped)
				for _, choice := range []struct {
					scores           func() ([]float32, error)
					among, not, into []bool
				}{{m.DropScores, before, nil, kept}, {m.GrowScores, nil, kept, mask}} {
					scores, err := choice.scores()
					require.NoError(t, err)
					chosen, left := float32(math.Inf(1)), float32(math.Inf(-1)) // Lowest chosen and highest left.
					for i, score := range scores {
						switch {
						case choice.among != nil && !choice.among[i], choice.not != nil && choice.not[i]:
						case choice.into[i]:
							chosen = min(chosen, score)
						default:
							left = max(left, score)
						}
					}
					require.GreaterOrEqual(t, chosen, left)
				}
				masks[m.Path] = mask
				return nil
			})
			sparse.OnUpdate(func(u *dstee.MaskUpdate) error {
				for path, mask := range masks {
					require.Equal(t, mask, flat[bool](t, store, dstee.Scope+path+"/mask"))
				}
				return nil
			})
			s := newSession(backend, store, testModel, sparse, optimizer.Adam().LearningRate(0.01).Done())
			require.NoError(t, firstError(s.loop.RunSteps(testData{}, 4)))
			require.Len(t, paths, 6)
		}
	})
}

// An error of OnMove leaves all masks as they were, and stops the training.
func TestOnMoveError(t *testing.T) {
	store := newStore(t)
	calls := 0
	sparse := dstee.New(0.2).DeltaT(2).OnMove(func(*dstee.LayerMove) error {
		if calls++; calls == 2 {
			return errors.New("the disk is full")
		}
		return nil
	})
	s := newSession(backendtest.One(t), store, testModel, sparse, optimizer.StochasticGradientDescent())
	require.ErrorContains(t, firstError(s.loop.RunSteps(testData{}, 4)), `OnMove of "/second/dense/weights" at step 2: the disk is full`)
	for _, path := range testWeights {
		require.LessOrEqual(t, slices.Max(flat[int32](t, store, dstee.Scope+path+"/visits")), int32(1))
	}
	requireSparse(t, store, testWeights...)
}
