package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
)

func TestCheck(t *testing.T) {
	same := func() []Result {
		return []Result{
			{Peer: "a", Parameters: 31, MACs: 30, Sizes: []int{10, 20}, Active: []int{1, 1}},
			{Peer: "b", Parameters: 31, MACs: 30, Sizes: []int{10, 20}, Active: []int{1, 2}},
		}
	}
	w := work.All[0]
	require.NoError(t, check(w, 0.05, same()))
	for name, change := range map[string]func(*Result){
		"parameters":      func(r *Result) { r.Parameters++ },
		"multiplications": func(r *Result) { r.MACs++ },
		"weights":         func(r *Result) { r.Sizes = []int{10, 21} },
		"masks":           func(r *Result) { r.Active = r.Active[:1] },
		"active":          func(r *Result) { r.Active = []int{1, 3} },
	} {
		results := same()
		change(&results[1])
		require.ErrorContains(t, check(w, 0.05, results), name)
	}
}

func TestPeersByNames(t *testing.T) {
	chosen, err := peersByNames("jax", sparsekernel)
	require.NoError(t, err)
	require.Equal(t, []string{"xla", "go-simd", "go", "jax"}, names(chosen, func(p peer) string { return p.name }))
	_, err = peersByNames("tensorflow")
	require.ErrorContains(t, err, "pytorch", "the error lists those there are")
}

func TestJudge(t *testing.T) {
	training := func(step float64) Training { return Training{Step: Sample{step}} }
	report := func(masked float64) *Report {
		r := &Report{}
		for _, at := range []struct{ work, peer string }{{"mlp", "xla"}, {"mlp", "go-simd"}, {"cnn", "xla"}, {"cnn", "go-simd"},
			{smallImages.Name, "xla"}, {smallImagesConvolve.Name, "xla"}} {
			r.add(Result{Work: at.work, Peer: at.peer, Dense: training(1), Masked: training(masked), Update: Sample{1}})
		}
		convolve, _ := r.find(smallImagesConvolve.Name, "xla")
		convolve.Dense = training(10)
		r.add(convolve)
		return r
	}
	require.NoError(t, judge(io.Discard, report(1.02)))
	require.ErrorContains(t, judge(io.Discard, report(1.5)), "masked / dense step, MLP on XLA is 1.50")
	require.Error(t, judge(io.Discard, &Report{}), "what was not measured is not within limits")
}
