package main

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/benchmarks/work"
	"github.com/sparsekernel/sparsekernel/dstee/dsttest"
)

// fakeEnv has the test binary be a worker that knows the reference masks: all of them ("right"), or all but one position of
// one ("wrong").
const fakeEnv = "SPARSEKERNEL_FAKE_WORKER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(fakeEnv); kind != "" {
		if err := work.Serve(os.Stdin, os.Stdout, fake(kind)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// fake is such a worker.
type fake string

// Do implements work.Worker.
func (f fake) Do(r work.Request) (work.Reply, error) {
	reference, err := dsttest.Reference()
	if err != nil {
		return work.Reply{}, err
	}
	if r.Layer.NewMask != nil || r.Layer.Grown != nil {
		return work.Reply{}, fmt.Errorf("%q comes with its solution", r.Layer.Name)
	}
	i := slices.IndexFunc(reference.Updates, func(u dsttest.UpdateVector) bool { return u.Name == r.Layer.Name })
	reply := work.Reply{Mask: reference.Updates[i].NewMask, Visits: reference.Updates[i].NewVisits}
	if f == "wrong" && r.Layer.Name == "balanced" {
		reply.Mask[100] ^= 1
	}
	return reply, nil
}

func TestCheckRule(t *testing.T) {
	executable, err := os.Executable()
	require.NoError(t, err)
	program := func(kind string) command { return command{name: executable, env: []string{fakeEnv + "=" + kind}} }
	require.NoError(t, checkRule(t.Context(), program("right")))
	require.ErrorContains(t, checkRule(t.Context(), program("wrong")), `the mask of "balanced" is not moved as the reference says`)
	require.ErrorContains(t, checkRule(t.Context(), command{name: executable + "-none"}), "starting")
}

func TestDecidable(t *testing.T) {
	reference, err := dsttest.Reference()
	require.NoError(t, err)
	var names []string
	for _, u := range reference.Updates {
		if !decidable(u) {
			names = append(names, u.Name)
		}
	}
	require.Equal(t, []string{"signed score of the reference code", "ties in weights and gradients", "ties with equal bonus"}, names)
}
