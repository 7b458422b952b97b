package main

import (
	"encoding/xml"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
)

// Power laws are found, whatever their exponent, and so is that something is none.
func TestFit(t *testing.T) {
	x := []float64{1, 2, 5, 30, 1e6}
	for _, exponent := range []float64{-1, 0.5, 1, 2} {
		var y []float64
		for _, v := range x {
			y = append(y, 3*math.Pow(v, exponent))
		}
		law := fit(x, y)
		require.InDelta(t, 3, law.factor, 1e-9)
		require.InDelta(t, exponent, law.exponent, 1e-9)
		require.InDelta(t, 1, law.r2, 1e-9)
	}
	require.InDelta(t, 0, fit(x, []float64{7, 7, 7, 7, 7}).exponent, 1e-9)
	require.Less(t, fit(x, []float64{1, 5, 1, 5, 1}).r2, 0.5)
}

// What bounds a computation is the slower of arithmetic and memory.
func TestRoofline(t *testing.T) {
	r := roofline{flops: 100, bytes: 10}
	require.Equal(t, 2.0, r.seconds(200, 10))
	require.Equal(t, 3.0, r.seconds(200, 30))
}

// Sizes are those of the network that is trained.
func TestWork(t *testing.T) {
	w := work{inputs: 5, units: []int{7, 3}, density: 0.5, deltaT: 1}
	require.Equal(t, 5*7+7*3+3*classes, w.weights())
	require.Equal(t, 2.*batch*(3*(5*7+7*3+3*classes)-5*7), w.flops())
	sparse, err := newTraining(backendtest.One(t), w, false)
	require.NoError(t, err)
	defer sparse.store.Finalize()
	require.NoError(t, sparse.step())
	_, total, err := sparse.sparse.Stats()
	require.NoError(t, err)
	require.Equal(t, w.weights(), total.Size)
	before, err := sparse.sparse.Mask("/mlp/hidden_1/dense/weights")
	require.NoError(t, err)
	require.NoError(t, sparse.update())
	after, err := sparse.sparse.Mask("/mlp/hidden_1/dense/weights")
	require.NoError(t, err)
	require.NotEqual(t, before, after)
}

// All sweeps run, and report.
func TestScale(t *testing.T) {
	var out strings.Builder
	dir := t.TempDir()
	require.NoError(t, scale(&out, backendtest.One(t), tiny, dir, nil))
	for _, s := range sweeps(tiny) {
		require.Contains(t, out.String(), "Against "+s.label+": ")
		file, err := os.ReadFile(filepath.Join(dir, "scaling-"+s.name+".svg"))
		require.NoError(t, err)
		require.NoError(t, xml.Unmarshal(file, new(struct{})))
	}
	require.NotContains(t, out.String(), "NaN |")
	require.Equal(t, 4, strings.Count(out.String(), "× limit at")/2)
	require.ErrorContains(t, scale(&strings.Builder{}, nil, tiny, "", []string{"depth"}), `unknown sweep "depth": those that there are: weights, layers`)
}
