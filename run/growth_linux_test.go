package run_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/sparsekernel/sparsekernel/backends/backendtest"
	"github.com/sparsekernel/sparsekernel/dstee"
	"github.com/sparsekernel/sparsekernel/run"
)

// held is what a process holds of what a long training might take more and more of.
type held [4]int

// The kinds of what is held, and how much the lowest of the last samples may exceed the highest of the first ones: what a
// garbage collector and files that are being written make differ.
var heldKinds = [len(held{})]struct {
	name      string
	allowance int
}{
	{"descriptors", 4},
	{"goroutines", 4},
	{"device buffers", 16},
	{"resident bytes", 2 << 20},
}

// holds counts what this process holds, garbage not included.
func holds(t *testing.T) held {
	t.Helper()
	runtime.GC() // Finalizers of the first round free what the second finds.
	debug.FreeOSMemory()
	descriptors, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	kilobytes, err := strconv.Atoi(string(regexp.MustCompile(`VmRSS:\s*(\d+)`).FindSubmatch(status)[1]))
	require.NoError(t, err)
	return held{len(descriptors), runtime.NumGoroutine(), backendtest.Buffers(), kilobytes << 10}
}

// grown says what of the samples, which were taken at equal distances, rises from the first third to the last: whatever
// the last ones hold more of than the first ones. Samples that vary without rising are not grown.
func grown(samples []held) (complaints []string) {
	third := len(samples) / 3
	for kind, k := range heldKinds {
		of := func(samples []held) (numbers []int) {
			for _, s := range samples {
				numbers = append(numbers, s[kind])
			}
			return numbers
		}
		before, after := slices.Max(of(samples[:third])), slices.Min(of(samples[len(samples)-third:]))
		if after-before > k.allowance {
			complaints = append(complaints, fmt.Sprintf("%s grew from %d to %d: %d", k.name, before, after, of(samples)))
		}
	}
	return complaints
}

// watched trains a run of many steps with all that goes on in a long one: a mask update, a checkpoint and a pruned one every
// ten steps, a record of each step. It returns samples of what the process holds, from a fifth of the run on, and calls
// leak after each step.
func watched(t *testing.T, backend compute.Backend, steps int, leak func(*testing.T, compute.Backend)) (samples []held) {
	t.Helper()
	spec := shortLinks(t, "link-mlp")
	spec.Width, spec.Batch, spec.Steps = 1./8, 4, steps
	r := create(t, spec, run.Recording{LogEvery: 1, SaveEvery: 1, Keep: 3, Rounds: run.Rounds{1}})
	updates := 0
	r.Observe(run.Observer{Update: func(*dstee.MaskUpdate) { updates++ }, Step: func(step int, _ float64) {
		if leak != nil {
			leak(t, backend)
		}
		if step >= steps/5 && step%(steps/15) == 0 {
			samples = append(samples, holds(t))
		}
	}})
	trained(t, r, backend, 0)
	saved, err := filepath.Glob(filepath.Join(r.Dir(), "checkpoints", "*"))
	require.NoError(t, err)
	require.Len(t, saved, 3)
	require.Equal(t, steps/spec.DeltaT, updates)
	return samples
}

// A run of 10,000 steps, 1,000 checkpoints and as many mask updates as its schedule has holds no more at its end than after
// its first steps: no memory, descriptors, goroutines or buffers.
func TestNothingGrows(t *testing.T) {
	if testing.Short() {
		t.Skip("trains 10,000 steps")
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		require.Empty(t, grown(watched(t, backend, 10_000, nil)))
	})
}

// The same watch, over a short run, finds leaks of every kind.
func TestGrowthIsFound(t *testing.T) {
	leaks := map[string]func(t *testing.T, backend compute.Backend){
		"descriptors": func(t *testing.T, _ compute.Backend) {
			file, err := os.Open(os.DevNull)
			require.NoError(t, err)
			t.Cleanup(func() { file.Close() })
		},
		"goroutines": func(t *testing.T, _ compute.Backend) { go func() { <-t.Context().Done() }() },
		"device buffers": func(t *testing.T, backend compute.Backend) {
			scalar := tensors.FromScalar(float32(1))
			require.NoError(t, scalar.ToDevice(backend, 0))
			t.Cleanup(scalar.MustFinalizeAll)
		},
		"resident bytes": func(t *testing.T, _ compute.Backend) {
			block := bytes.Repeat([]byte{1}, 1<<17)
			t.Cleanup(func() { runtime.KeepAlive(block) })
		},
	}
	backendtest.Run(t, func(t *testing.T, backend compute.Backend) {
		for kind, leak := range leaks {
			if kind == "device buffers" && backend.Name() != "xla" {
				continue // Those of Go are Go's memory.
			}
			t.Run(kind, func(t *testing.T) {
				require.Contains(t, strings.Join(grown(watched(t, backend, 150, leak)), "\n"), kind+" grew from ")
			})
		}
	})
}
