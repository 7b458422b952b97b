package views

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/trace"
)

// stratified is a layer of 10 grown and 90 other candidates, of which 2 and 3 are sampled.
func stratified() (*trace.Update, *trace.Layer) {
	u := &trace.Update{Step: 100, Params: trace.Scalars{"c": 0, "epsilon": 1}}
	return u, &trace.Layer{Size: 200, Active: 110, Grown: 10, Sample: &trace.Samples{
		Index: []int{0, 1, 2, 3, 4}, Gradient: trace.Float32s{5, 4, 3, 2, 1}, Visits: []int32{3, 3, 1, 0, 0},
		Score: trace.Float32s{5, 4, 3, 2, 1}, Grown: []bool{true, true, false, false, false}}}
}

// Those grown and those not are sampled apart: a sampled one stands for its share of them.
func TestSampleWeights(t *testing.T) {
	s := newSample(stratified())
	require.Equal(t, []float64{5, 5, 30, 30, 30}, s.weight)
	require.Equal(t, []float64{1, 1, 0, 0, 0}, s.choose(0), "the run's own choice")
	require.Equal(t, s.recorded(), s.choose(0))
	require.InDelta(t, 0, s.neverActive(s.choose(0)), 1e-12)

	far := s.choose(1e6)
	require.InDeltaSlice(t, []float64{0, 0, 0, 1. / 3, 0}, far, 1e-12,
		"10 of the 30 that the least visited with the larger gradient stands for")
	require.InDelta(t, 1, s.neverActive(far), 1e-12)
	require.InDelta(t, 1, s.leastVisited(far), 1e-12)
	require.InDelta(t, 0, s.leastVisited(s.choose(0)), 1e-12)
	require.InDelta(t, 0, s.overlap(s.choose(0), far), 1e-12)
	require.InDelta(t, 1, s.overlap(far, far), 1e-12)
}

func TestSampleOfNothing(t *testing.T) {
	u, l := stratified()
	l.Sample.Gradient = nil
	require.Nil(t, newSample(u, l))
	l.Sample = nil
	require.Nil(t, newSample(u, l))
}

// From c 0 to large a choice goes from that by gradients to that by visits.
func TestCurve(t *testing.T) {
	r := opened(t, small, 12)
	_, samples, best := r.sampled("/second/weights")
	points := samples[best].curve()
	require.Equal(t, 1., points[0].RigL)
	require.Equal(t, 0., points[0].C)
	require.InDelta(t, 1, last(points).LeastVisited, 1e-9)
	for i := 1; i < len(points); i++ {
		require.GreaterOrEqual(t, points[i].LeastVisited, points[i-1].LeastVisited-1e-9)
		require.LessOrEqual(t, points[i].RigL, points[i-1].RigL+1e-9)
	}
}

// Figures begin with an update in which gradient and visits both had a say, not with a late one that gradients, all near 0,
// do not decide.
func TestSampledBeginsWhereBothDecide(t *testing.T) {
	sampleOf := func(step int, gradient, score trace.Float32s, grown []bool) *trace.Update {
		l := trace.Layer{Path: "/w", Shape: []int{20, 20}, Size: 400, Active: 200, Grown: 100, Sample: &trace.Samples{
			Index: []int{0, 1, 2, 3}, Gradient: gradient, Visits: []int32{9, 9, 0, 0}, Score: score, Grown: grown}}
		return &trace.Update{Step: step, Round: step, Params: trace.Scalars{"c": 1, "epsilon": 1}, Layers: []trace.Layer{l}}
	}
	r := &Run{Updates: []*trace.Update{
		sampleOf(1, trace.Float32s{4, 3, 2, 1}, trace.Float32s{4, 3, 2, 1}, []bool{true, true, false, false}),
		sampleOf(2, trace.Float32s{4, 3, 2, 1}, trace.Float32s{4, 3, 5, 1}, []bool{true, false, true, false}),
		sampleOf(3, trace.Float32s{4, 3, 2, 1}, trace.Float32s{4, 3, 6, 5}, []bool{false, false, true, true}),
	}}
	updates, _, best := r.sampled("/w")
	require.Equal(t, 2, updates[best].Step)
}

// Where weights grow in groups, single ones do not lie on the side of the cut that they should: figures say so.
func TestStructuredChoiceIsSaidToBe(t *testing.T) {
	dir := t.TempDir()
	w, err := trace.Create(dir, map[string]any{"structure": "block:2"})
	require.NoError(t, err)
	s := newSynthetic(small)
	require.NoError(t, w.Update(trace.Update{}, s.first()...))
	s.round(t, w, 1)
	require.NoError(t, w.Close())
	r, err := Open(dir)
	require.NoError(t, err)
	defer r.Close()
	choice, err := Acquisition(r, "")
	require.NoError(t, err)
	require.Contains(t, choice.Title, "groups of weights (block:2)")
	whatIf, err := WhatIfSample(r, "")
	require.NoError(t, err)
	require.Contains(t, whatIf.Title, "without the pattern block:2")
}
