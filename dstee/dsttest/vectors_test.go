package dsttest_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee/dsttest"
)

func TestReferenceVectors(t *testing.T) {
	vectors, err := dsttest.Reference()
	require.NoError(t, err)
	require.Len(t, vectors.Updates, 11)
	require.Len(t, vectors.ERK, 6)
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		results := 0
		vectors.Verify(backend, func(r dsttest.Result) {
			results++
			require.NoError(t, r.Err, r.Case)
		})
		require.Equal(t, 2*11+6, results)
	})
}

// A vector that is wrong must fail, on both paths.
func TestVerifyFindsErrors(t *testing.T) {
	vectors, err := dsttest.Reference()
	require.NoError(t, err)
	u := &vectors.Updates[0]
	for i := range u.NewMask { // Moves one active weight.
		if u.NewMask[i] == 1 && u.NewMask[i+1] == 0 {
			u.NewMask[i], u.NewMask[i+1] = 0, 1
			break
		}
	}
	vectors.ERK[0].LayerDensity[1] += 1e-9
	failed := map[string]bool{}
	vectors.Verify(backendtest.One(t), func(r dsttest.Result) {
		if r.Err != nil {
			failed[r.Case] = true
		}
	})
	require.Equal(t, map[string]bool{
		"update on host: c=0 is RigL":            true,
		"update on device: c=0 is RigL":          true,
		"erk: mlp 784-300-100-10 at density 0.3": true,
	}, failed)
}

func TestReadRejects(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"not JSON":       {"hello", "invalid character"},
		"empty":          {"{}", "holds none"},
		"short array":    {`{"updates":[{"name":"a","shape":[2,2],"weights":[1]}]}`, `"weights" has 1 entries, but shape [2 2] has 4`},
		"negative shape": {`{"updates":[{"name":"a","shape":[-2,2]}]}`, "empty or too large"},
		"huge shape":     {`{"updates":[{"name":"a","shape":[2000000,2000000]}]}`, "empty or too large"},
		"no densities":   {`{"erk":[{"net":"a","shapes":[[2,2]]}]}`, "0 densities for 1 shapes"},
		"wrong density":  {`{"erk":[{"net":"a","shapes":[[2,2]],"layer_density":[1],"density":5}]}`, "must be in (0, 1], got 5"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dsttest.Read(bytes.NewReader([]byte(test.file)))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func FuzzRead(f *testing.F) {
	data, err := os.ReadFile("vectors.json")
	require.NoError(f, err)
	f.Add(data[:2000])
	f.Add([]byte(`{"updates":[{"name":"a","shape":[1,2],"t":1,"total_steps":1,"score":"|g|+b","weights":[0,1],"gradient":[1,1],` +
		`"mask":[0,1],"visits":[0,1],"new_mask":[0,1],"new_visits":[0,2]}]}`))
	f.Add([]byte(`{"erk":[{"net":"a","shapes":[[2,2]],"layer_density":[1],"density":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		vectors, err := dsttest.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, e := range vectors.ERK { // What is accepted must not crash what uses it.
			(&dsttest.Vectors{ERK: []dsttest.ERKVector{e}}).Verify(nil, func(dsttest.Result) {})
		}
	})
}
